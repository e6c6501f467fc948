#include "libjpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

enum { max_rows = 16 }; /* luma rows of an MCU: sampling factors up to 2 */

typedef struct {
	struct jpeg_error_mgr base; /* first: the library hands it out as this */
	jmp_buf back;
	char *message;
} errors;

static void fail(errors *e, const char *why) {
	snprintf(e->message, message_size, "%s", why);
	longjmp(e->back, 1);
}

static void on_error(j_common_ptr c) {
	errors *e = (errors *)c->err;
	e->base.format_message(c, e->message);
	longjmp(e->back, 1);
}

/* Bytes between markers are a habit of some cameras. Any other warning means
 * that the library made up a part of the picture. */
static void on_message(j_common_ptr c, int level) {
	if (level < 0 && c->err->msg_code != JWRN_EXTRANEOUS_DATA) on_error(c);
}

static void on_output(j_common_ptr c) { (void)c; }

static void prepare(struct jpeg_decompress_struct *d, errors *e, char *message) {
	d->err = jpeg_std_error(&e->base);
	e->base.error_exit = on_error;
	e->base.emit_message = on_message;
	e->base.output_message = on_output;
	e->message = message;
	message[0] = 0;
}

static void read_header(struct jpeg_decompress_struct *d, const unsigned char *data, size_t size) {
	jpeg_create_decompress(d);
	jpeg_mem_src(d, (unsigned char *)data, size);
	jpeg_read_header(d, TRUE);
}

int picture_size(const unsigned char *data, size_t size, int *width, int *height, char message[message_size]) {
	struct jpeg_decompress_struct d;
	errors e;
	memset(&d, 0, sizeof d);
	prepare(&d, &e, message);
	if (setjmp(e.back)) {
		jpeg_destroy_decompress(&d);
		return 1;
	}
	read_header(&d, data, size);
	*width = (int)d.image_width;
	*height = (int)d.image_height;
	jpeg_destroy_decompress(&d);
	return 0;
}

/* check refuses what the row loop below does not know. */
static void check(struct jpeg_decompress_struct *d, errors *e, const picture *dst) {
	if ((int)d->image_width != dst->width || (int)d->image_height != dst->height) fail(e, "picture has another size than expected");
	if (d->progressive_mode || d->arith_code) fail(e, "neither progressive nor arithmetic coding is supported");
	if (d->num_components != 1 && (d->num_components != 3 || d->jpeg_color_space != JCS_YCbCr)) fail(e, "colours are not YCbCr");
	if (d->comp_info[0].h_samp_factor != d->max_h_samp_factor || d->comp_info[0].v_samp_factor != d->max_v_samp_factor) fail(e, "luma is subsampled");
	for (int i = 0; i < d->num_components; i++) {
		int h = d->comp_info[i].h_samp_factor, v = d->comp_info[i].v_samp_factor;
		if (h > 2 || v > 2 || d->max_h_samp_factor % h || d->max_v_samp_factor % v) fail(e, "unknown subsampling");
	}
}

/* luma copies the rows of one MCU row that are inside the picture. */
static void luma(const picture *dst, JSAMPARRAY rows, int count, int top) {
	for (int i = 0; i < count && top + i < dst->height; i++)
		memcpy(dst->y + (size_t)(top + i) * dst->stride_y, rows[i], (size_t)dst->width);
}

/* chroma brings the rows of one MCU row to a half in both directions. across
 * and down say how many samples make one; both are 1 or 2. Samples past the
 * edge of an odd picture are the library's padding. */
static void chroma(const picture *dst, unsigned char *plane, JSAMPARRAY rows, int count, int top, int across, int down) {
	int width = (dst->width + 1) / 2, height = (dst->height + 1) / 2;
	for (int i = 0; i < count && top + i < height; i++) {
		const unsigned char *a = rows[i * down], *b = rows[i * down + down - 1];
		unsigned char *out = plane + (size_t)(top + i) * dst->stride_c;
		if (across == 1 && down == 1) {
			memcpy(out, a, (size_t)width);
			continue;
		}
		for (int x = 0; x < width; x++) {
			int left = x * across, right = left + across - 1;
			out[x] = (unsigned char)((a[left] + a[right] + b[left] + b[right] + 2) >> 2);
		}
	}
}

/* grey fills the chroma of a picture without one. */
static void grey(const picture *dst) {
	for (int i = 0; i < (dst->height + 1) / 2; i++) {
		memset(dst->cb + (size_t)i * dst->stride_c, 128, (size_t)(dst->width + 1) / 2);
		memset(dst->cr + (size_t)i * dst->stride_c, 128, (size_t)(dst->width + 1) / 2);
	}
}

/* rows_of allocates the rows that jpeg_read_raw_data fills of a component. The
 * library pads to whole blocks; one more block is for halving an odd width. */
static JSAMPARRAY rows_of(struct jpeg_decompress_struct *d, jpeg_component_info *c) {
	JDIMENSION width = (c->width_in_blocks + 2) * DCTSIZE;
	JSAMPARRAY rows = d->mem->alloc_sarray((j_common_ptr)d, JPOOL_IMAGE, width, max_rows);
	for (int i = 0; i < max_rows; i++) memset(rows[i], 128, width);
	return rows;
}

static void decode(struct jpeg_decompress_struct *d, const picture *dst) {
	JSAMPARRAY planes[3];
	for (int i = 0; i < d->num_components; i++) planes[i] = rows_of(d, &d->comp_info[i]);
	int step = d->max_v_samp_factor * DCTSIZE;
	while (d->output_scanline < d->output_height) {
		int top = (int)d->output_scanline;
		if (jpeg_read_raw_data(d, planes, (JDIMENSION)step) == 0) break;
		luma(dst, planes[0], step, top);
		for (int i = 1; i < d->num_components; i++) {
			int across = 2 * d->comp_info[i].h_samp_factor / d->max_h_samp_factor;
			int down = 2 * d->comp_info[i].v_samp_factor / d->max_v_samp_factor;
			chroma(dst, i == 1 ? dst->cb : dst->cr, planes[i], step / 2, top / 2, across, down);
		}
	}
	if (d->num_components == 1) grey(dst);
}

int picture_decode(const unsigned char *data, size_t size, const picture *dst, char message[message_size]) {
	struct jpeg_decompress_struct d;
	errors e;
	memset(&d, 0, sizeof d);
	prepare(&d, &e, message);
	if (setjmp(e.back)) {
		jpeg_destroy_decompress(&d);
		return 1;
	}
	read_header(&d, data, size);
	check(&d, &e, dst);
	d.out_color_space = d.jpeg_color_space;
	d.raw_data_out = TRUE;
	d.dct_method = JDCT_IFAST;
	d.do_fancy_upsampling = FALSE;
	jpeg_start_decompress(&d);
	decode(&d, dst);
	jpeg_finish_decompress(&d);
	jpeg_destroy_decompress(&d);
	return 0;
}
