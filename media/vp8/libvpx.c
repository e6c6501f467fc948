#include "libvpx.h"

static vpx_codec_err_t failed(encoder *e, vpx_codec_err_t rc) {
	e->detail = rc == VPX_CODEC_OK ? NULL : vpx_codec_error_detail(&e->ctx);
	return rc;
}

vpx_codec_err_t encoder_open(encoder *e, unsigned width, unsigned height, unsigned fps, unsigned kbits, unsigned key_interval, unsigned threads) {
	vpx_codec_err_t rc = vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &e->cfg, 0);
	if (rc != VPX_CODEC_OK) return rc;
	e->cfg.g_w = width;
	e->cfg.g_h = height;
	e->cfg.g_timebase.num = 1;
	e->cfg.g_timebase.den = fps;
	e->cfg.g_threads = threads;
	e->cfg.g_pass = VPX_RC_ONE_PASS;
	e->cfg.g_lag_in_frames = 0;
	e->cfg.rc_end_usage = VPX_CBR;
	e->cfg.rc_target_bitrate = kbits;
	e->cfg.rc_min_quantizer = 4;
	e->cfg.rc_max_quantizer = 56;
	e->cfg.rc_buf_sz = 1000;
	e->cfg.rc_buf_initial_sz = 500;
	e->cfg.rc_buf_optimal_sz = 600;
	e->cfg.rc_dropframe_thresh = 25;
	e->cfg.rc_resize_allowed = 0;
	e->cfg.kf_mode = VPX_KF_AUTO;
	e->cfg.kf_max_dist = key_interval;
	rc = vpx_codec_enc_init(&e->ctx, vpx_codec_vp8_cx(), &e->cfg, 0);
	if (rc != VPX_CODEC_OK) return failed(e, rc);
	// Fastest search; skip blocks that stand still; a key frame takes at most
	// five frames' worth of bits.
	if ((rc = vpx_codec_control(&e->ctx, VP8E_SET_CPUUSED, -8)) != VPX_CODEC_OK) return failed(e, rc);
	if ((rc = vpx_codec_control(&e->ctx, VP8E_SET_STATIC_THRESHOLD, 1)) != VPX_CODEC_OK) return failed(e, rc);
	return failed(e, vpx_codec_control(&e->ctx, VP8E_SET_MAX_INTRA_BITRATE_PCT, 500));
}

vpx_codec_err_t encoder_bitrate(encoder *e, unsigned kbits) {
	e->cfg.rc_target_bitrate = kbits;
	return failed(e, vpx_codec_enc_config_set(&e->ctx, &e->cfg));
}

vpx_codec_err_t encoder_encode(encoder *e, const unsigned char *y, const unsigned char *u, const unsigned char *v,
                               int stride_y, int stride_uv, long long pts, int key) {
	if (!vpx_img_wrap(&e->img, VPX_IMG_FMT_I420, e->cfg.g_w, e->cfg.g_h, 1, (unsigned char *)y)) return VPX_CODEC_INVALID_PARAM;
	e->img.planes[VPX_PLANE_U] = (unsigned char *)u;
	e->img.planes[VPX_PLANE_V] = (unsigned char *)v;
	e->img.stride[VPX_PLANE_Y] = stride_y;
	e->img.stride[VPX_PLANE_U] = e->img.stride[VPX_PLANE_V] = stride_uv;
	return failed(e, vpx_codec_encode(&e->ctx, &e->img, pts, 1, key ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME));
}

const vpx_codec_cx_pkt_t *encoder_packet(encoder *e, vpx_codec_iter_t *iter) {
	const vpx_codec_cx_pkt_t *p;
	while ((p = vpx_codec_get_cx_data(&e->ctx, iter)) != NULL)
		if (p->kind == VPX_CODEC_CX_FRAME_PKT) return p;
	return NULL;
}
