// What cgo cannot do with libvpx: call macros and variadic functions, and fill
// structures with pointers to pictures.

#include <stdlib.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

typedef struct {
	vpx_codec_ctx_t ctx;
	vpx_codec_enc_cfg_t cfg;
	vpx_image_t img;
	const char *detail; // why the last call failed, or NULL
} encoder;

vpx_codec_err_t encoder_open(encoder *e, unsigned width, unsigned height, unsigned fps, unsigned kbits, unsigned key_interval, unsigned threads);
vpx_codec_err_t encoder_bitrate(encoder *e, unsigned kbits);
vpx_codec_err_t encoder_encode(encoder *e, const unsigned char *y, const unsigned char *u, const unsigned char *v,
                               int stride_y, int stride_uv, long long pts, int key);
const vpx_codec_cx_pkt_t *encoder_packet(encoder *e, vpx_codec_iter_t *iter);
