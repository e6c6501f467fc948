/* SPDX-License-Identifier: GPL-2.0 */
/* mosaic: a tiny constrained-baseline H.264 encoder. Every macroblock becomes
 * its mean colour, so a real decoder shows the real picture, coarsely. */
struct mosaic {
	unsigned int w, h, mbw, mbh;	/* picture, and in macroblocks */
	unsigned int frame_num, idr_id;
	int thr;			/* a P macroblock within this is skipped */
	u8 *y, *cb, *cr;		/* what the decoder shows, per macroblock */
};
struct mosaic_in {			/* 8-bit 4:2:0, or packed YUYV */
	const u8 *y, *cb, *cr;
	int ystride, cstride, ystep, cstep, cvdiv;
};
/* returns bytes written; dst needs about 200 bytes + 40 a macroblock */
int mosaic_encode(struct mosaic *m, const struct mosaic_in *in, int idr, int headers, u8 *dst);
