// SPDX-License-Identifier: GPL-2.0
#include <linux/types.h>
#include <linux/string.h>
#include "mosaic.h"

/*
 * Constrained baseline H.264 (ITU-T H.264) of mosaics: each macroblock is one
 * colour, predicted from the left or upper neighbour and corrected by a single
 * DC coefficient (CAVLC), or skipped. No deblocking, so what the decoder shows
 * is known exactly.
 */

#define QP 24 /* luma DC steps of 40/64, chroma of 80/64 */

/* bit writer of one NAL unit; zeros counts for emulation prevention (7.4.1) */
struct bw { u8 *p; u32 acc; int n, zeros; };

static void byte(struct bw *b, u8 v)
{
	if (b->zeros >= 2 && v <= 3) { *b->p++ = 3; b->zeros = 0; }
	*b->p++ = v;
	b->zeros = v ? 0 : b->zeros + 1;
}
static void put(struct bw *b, int n, u32 v)
{
	while (n--) {
		b->acc = b->acc << 1 | (v >> n & 1);
		if (++b->n == 8) { byte(b, b->acc); b->n = 0; }
	}
}
/* Exp-Golomb codes (9.1) */
static void ue(struct bw *b, u32 v)
{
	int n = 0;
	v++;
	while (v >> (n + 1)) n++;
	put(b, n, 0);
	put(b, n + 1, v);
}
static void se(struct bw *b, int v) { ue(b, v > 0 ? 2 * v - 1 : -2 * v); }
static void start(struct bw *b, u8 hdr)
{
	static const u8 sc[4] = {0, 0, 0, 1};
	memcpy(b->p, sc, 4);
	b->p += 4;
	b->zeros = 0; b->n = 0;
	*b->p++ = hdr;
}
static void trail(struct bw *b) { put(b, 1, 1); while (b->n) put(b, 1, 0); }

/* one DC coefficient, CAVLC; chroma uses the nC = -1 table */
static void dc(struct bw *b, int c, int chroma)
{
	int code, a = c < 0 ? -c : c;

	if (!c) { if (chroma) put(b, 2, 1); else put(b, 1, 1); return; }
	if (a == 1) {
		if (chroma) put(b, 1, 1); else put(b, 2, 1);
		put(b, 1, c < 0);
	} else {
		if (chroma) put(b, 6, 7); else put(b, 6, 5);
		code = (c > 0 ? 2 * c - 2 : -2 * c - 1) - 2;
		if (code < 14) put(b, code + 1, 1);
		else if (code < 30) { put(b, 15, 1); put(b, 4, code - 14); }
		else { put(b, 16, 1); put(b, 12, code - 30); }
	}
	put(b, 1, 1); /* total_zeros 0 */
}
static int div_round(int a, int d) { return a >= 0 ? (a + d / 2) / d : -((-a + d / 2) / d); }
static int clip(int v) { return v < 0 ? 0 : v > 255 ? 255 : v; }
static int dist(int a, int b) { return a > b ? a - b : b - a; }

/* mean of every other sample of a block, cut off at the picture's edge */
static int mean(const u8 *p, int stride, int step, int x0, int y0, int n, int w, int h)
{
	int x, y, s = 0, k = 0;

	for (y = y0; y < y0 + n && y < h; y += 2)
		for (x = x0; x < x0 + n && x < w; x += 2, k++)
			s += p[y * stride + x * step];
	return k ? s / k : 128;
}

/* sequence and picture parameter set (7.3.2.1, 7.3.2.2) */
static void headers(struct bw *b, struct mosaic *m)
{
	int cx = (m->mbw * 16 - m->w) / 2, cy = (m->mbh * 16 - m->h) / 2;

	start(b, 0x67);
	put(b, 8, 66); put(b, 8, 0xe0); put(b, 8, m->mbw * m->mbh > 1620 ? 40 : 31);
	ue(b, 0); ue(b, 4); ue(b, 2); ue(b, 1); put(b, 1, 0);
	ue(b, m->mbw - 1); ue(b, m->mbh - 1); put(b, 2, 3);
	put(b, 1, cx || cy);
	if (cx || cy) { ue(b, 0); ue(b, cx); ue(b, 0); ue(b, cy); }
	put(b, 1, 0); trail(b);
	start(b, 0x68);
	ue(b, 0); ue(b, 0); put(b, 2, 0); ue(b, 0); ue(b, 0); ue(b, 0);
	put(b, 3, 0); se(b, QP - 26); se(b, 0); se(b, 0); put(b, 3, 4); trail(b);
}

int mosaic_encode(struct mosaic *m, const struct mosaic_in *in, int idr, int hdrs, u8 *dst)
{
	struct bw bw = { .p = dst }, *b = &bw;
	unsigned int mx, my, skip = 0;

	if (idr) { m->frame_num = 0; m->idr_id ^= 1; }
	if (hdrs) headers(b, m);
	start(b, idr ? 0x65 : 0x61);
	ue(b, 0); ue(b, idr ? 7 : 5); ue(b, 0); put(b, 8, m->frame_num & 255);
	if (idr) ue(b, m->idr_id);
	else put(b, 2, 0);		/* refs as they are */
	if (idr) put(b, 2, 0); else put(b, 1, 0);
	se(b, 0); ue(b, 1);		/* no deblocking */
	for (my = 0; my < m->mbh; my++)
		for (mx = 0; mx < m->mbw; mx++) {
			int i = my * m->mbw + mx, mode, c0, c1, c2;
			int cw = (m->w + 1) / 2, ch = (m->h + in->cvdiv - 1) / in->cvdiv, cn = 16 / in->cvdiv;
			int Y = mean(in->y, in->ystride, in->ystep, mx * 16, my * 16, 16, m->w, m->h);
			int U = mean(in->cb, in->cstride, in->cstep, mx * 8, my * cn, 8, cw, ch);
			int V = mean(in->cr, in->cstride, in->cstep, mx * 8, my * cn, 8, cw, ch);
			int py = 128, pu = 128, pv = 128;

			if (!idr && dist(Y, m->y[i]) <= m->thr && dist(U, m->cb[i]) <= m->thr + 1 && dist(V, m->cr[i]) <= m->thr + 1) {
				skip++;
				continue;
			}
			mode = 2;
			if (mx) { mode = 1; py = m->y[i - 1]; pu = m->cb[i - 1]; pv = m->cr[i - 1]; }
			else if (my) { mode = 0; py = m->y[i - m->mbw]; pu = m->cb[i - m->mbw]; pv = m->cr[i - m->mbw]; }
			c0 = div_round((Y - py) * 64, 40);
			c1 = div_round((U - pu) * 64, 80);
			c2 = div_round((V - pv) * 64, 80);
			if (!idr) { ue(b, skip); skip = 0; }
			ue(b, (idr ? 0 : 5) + 1 + mode + ((c1 || c2) ? 4 : 0));
			ue(b, mode == 2 ? 0 : mode == 1 ? 1 : 2); /* chroma: DC, horizontal, vertical */
			se(b, 0);
			dc(b, c0, 0);
			if (c1 || c2) { dc(b, c1, 1); dc(b, c2, 1); }
			m->y[i] = clip(py + ((40 * c0 + 32) >> 6));
			m->cb[i] = clip(pu + ((80 * c1 + 32) >> 6));
			m->cr[i] = clip(pv + ((80 * c2 + 32) >> 6));
		}
	if (!idr && skip) ue(b, skip);
	trail(b);
	m->frame_num++;
	return b->p - dst;
}
