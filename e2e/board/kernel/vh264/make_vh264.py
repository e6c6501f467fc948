#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Turn the kernel's vicodec into a stateful H.264 encoder with the face of the
Pi's bcm2835-codec: same API shape, real H.264 out (a mosaic of the input)."""
import re, sys
src, dst = sys.argv[1:]
s = open(src).read()
def sub(a, b, n=1):
    global s
    assert a in s, a
    s = s.replace(a, b, n)
s = re.sub(r'\bV4L2_PIX_FMT_FWHT\b', 'V4L2_PIX_FMT_H264', s)
sub('#define VICODEC_NAME\t\t"vicodec"', '#define VICODEC_NAME\t\t"bcm2835-codec"')
sub('strscpy(cap->card, VICODEC_NAME', 'strscpy(cap->card, "bcm2835-codec-encode"')
sub('static bool multiplanar;', 'static bool multiplanar = true;')
sub('#include "codec-v4l2-fwht.h"', '#include "codec-v4l2-fwht.h"\n#include "mosaic.h"')
sub('\tstruct v4l2_fwht_state\tstate;\n', '\tstruct v4l2_fwht_state\tstate;\n\tstruct mosaic mo;\n\tbool force_key, repeat_hdr, sent_hdr;\n\tu32 bitrate, budget, key_left;\n\tstruct v4l2_fract tpf;\n')
sub('''static int device_process(''', '''static int h264_encode(struct vicodec_ctx *ctx, const u8 *src, u8 *dst,
		       struct vb2_v4l2_buffer *dst_vb)
{
	struct vicodec_q_data *q = &ctx->q_data[V4L2_M2M_SRC];
	struct mosaic *m = &ctx->mo;
	unsigned int w = q->coded_width, h = q->coded_height, st = w;
	unsigned int fps = ctx->tpf.numerator ? ctx->tpf.denominator / ctx->tpf.numerator : 30;
	struct mosaic_in in = { .y = src, .ystride = st, .ystep = 1, .cvdiv = 2 };
	unsigned int target = ctx->bitrate / 8 / max(fps, 1u);
	bool idr, hdr;
	int n;

	switch (q->info->id) {
	case V4L2_PIX_FMT_NV12: in.cb = src + st * h; in.cr = in.cb + 1; in.cstride = st; in.cstep = 2; break;
	case V4L2_PIX_FMT_NV21: in.cr = src + st * h; in.cb = in.cr + 1; in.cstride = st; in.cstep = 2; break;
	case V4L2_PIX_FMT_YUYV: in.ystride = st * 2; in.ystep = 2; in.cb = src + 1; in.cr = src + 3; in.cstride = st * 2; in.cstep = 4; in.cvdiv = 1; break;
	default: in.cb = src + st * h; in.cr = in.cb + st * h / 4; in.cstride = st / 2; in.cstep = 1;
	}
	if (!m->y || m->w != q->visible_width || m->h != q->visible_height) {
		kvfree(m->y);
		memset(m, 0, sizeof(*m));
		m->w = q->visible_width;
		m->h = q->visible_height;
		m->mbw = DIV_ROUND_UP(m->w, 16);
		m->mbh = DIV_ROUND_UP(m->h, 16);
		m->y = kvzalloc(m->mbw * m->mbh * 3, GFP_KERNEL);
		if (!m->y)
			return -ENOMEM;
		m->cb = m->y + m->mbw * m->mbh;
		m->cr = m->cb + m->mbw * m->mbh;
		m->thr = 2;
		ctx->key_left = 0;
		ctx->sent_hdr = false;
	}
	idr = !ctx->key_left || ctx->force_key;
	hdr = idr && (ctx->repeat_hdr || !ctx->sent_hdr);
	n = mosaic_encode(m, &in, idr, hdr, dst);
	if (idr) {
		ctx->key_left = max(ctx->state.gop_size, 1u);
		ctx->force_key = false;
		ctx->sent_hdr = true;
		dst_vb->flags |= V4L2_BUF_FLAG_KEYFRAME;
	} else {
		dst_vb->flags |= V4L2_BUF_FLAG_PFRAME;
		/* the coarsest of rate controls: skip more when over the target */
		if (n > target && m->thr < 60)
			m->thr += 2;
		else if (n < target / 2 && m->thr > 0)
			m->thr--;
	}
	ctx->key_left--;
	return n;
}

static int device_process(''')
sub('comp_sz_or_errcode = v4l2_fwht_encode(state, p_src, p_dst);', 'comp_sz_or_errcode = h264_encode(ctx, p_src, p_dst, dst_vb);')
# controls: those that bcm2835-codec's encoder has
sub('''	case V4L2_CID_FWHT_I_FRAME_QP:
		ctx->state.i_frame_qp = ctrl->val;
		return 0;
	case V4L2_CID_FWHT_P_FRAME_QP:
		ctx->state.p_frame_qp = ctrl->val;
		return 0;
''', '''	case V4L2_CID_MPEG_VIDEO_H264_I_PERIOD:
		ctx->state.gop_size = ctrl->val;
		return 0;
	case V4L2_CID_MPEG_VIDEO_BITRATE:
		ctx->bitrate = ctrl->val;
		return 0;
	case V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME:
		ctx->force_key = true;
		return 0;
	case V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER:
		ctx->repeat_hdr = ctrl->val;
		return 0;
	case V4L2_CID_MPEG_VIDEO_BITRATE_MODE:
	case V4L2_CID_MPEG_VIDEO_HEADER_MODE:
	case V4L2_CID_MPEG_VIDEO_H264_PROFILE:
	case V4L2_CID_MPEG_VIDEO_H264_LEVEL:
	case V4L2_CID_MPEG_VIDEO_H264_MIN_QP:
	case V4L2_CID_MPEG_VIDEO_H264_MAX_QP:
		return 0;
''')
sub('''	v4l2_ctrl_new_std(hdl, &vicodec_ctrl_ops, V4L2_CID_FWHT_I_FRAME_QP,
			  1, 31, 1, 20);
	v4l2_ctrl_new_std(hdl, &vicodec_ctrl_ops, V4L2_CID_FWHT_P_FRAME_QP,
			  1, 31, 1, 20);
''', '''	v4l2_ctrl_new_std(hdl, &vicodec_ctrl_ops, V4L2_CID_MPEG_VIDEO_BITRATE, 25000, 25000000, 25000, 10000000);
	v4l2_ctrl_new_std_menu(hdl, &vicodec_ctrl_ops, V4L2_CID_MPEG_VIDEO_BITRATE_MODE, 1, 0, 0);
	v4l2_ctrl_new_std_menu(hdl, &vicodec_ctrl_ops, V4L2_CID_MPEG_VIDEO_HEADER_MODE, 1, 0, 1);
	v4l2_ctrl_new_std(hdl, &vicodec_ctrl_ops, V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 0, 1, 1, 0);
	v4l2_ctrl_new_std(hdl, &vicodec_ctrl_ops, V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, 0, 0x7fffffff, 1, 60);
	v4l2_ctrl_new_std(hdl, &vicodec_ctrl_ops, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 0, 0, 0, 0);
	v4l2_ctrl_new_std(hdl, &vicodec_ctrl_ops, V4L2_CID_MPEG_VIDEO_H264_MIN_QP, 0, 51, 1, 20);
	v4l2_ctrl_new_std(hdl, &vicodec_ctrl_ops, V4L2_CID_MPEG_VIDEO_H264_MAX_QP, 0, 51, 1, 51);
	v4l2_ctrl_new_std_menu(hdl, &vicodec_ctrl_ops, V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
		~(BIT(V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE) | BIT(V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE) | BIT(V4L2_MPEG_VIDEO_H264_PROFILE_MAIN) | BIT(V4L2_MPEG_VIDEO_H264_PROFILE_HIGH)), V4L2_MPEG_VIDEO_H264_PROFILE_HIGH);
	v4l2_ctrl_new_std_menu(hdl, &vicodec_ctrl_ops, V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_4_2, 0, V4L2_MPEG_VIDEO_H264_LEVEL_4_0);
''')
sub('v4l2_ctrl_handler_init(hdl, 5);', 'v4l2_ctrl_handler_init(hdl, 16);')
sub('static const struct v4l2_ioctl_ops vicodec_ioctl_ops = {', '''static int vh264_parm(struct file *file, void *priv, struct v4l2_streamparm *p)
{
	struct vicodec_ctx *ctx = file2ctx(file);

	if (!V4L2_TYPE_IS_OUTPUT(p->type))
		return -EINVAL;
	if (p->parm.output.timeperframe.numerator && p->parm.output.timeperframe.denominator)
		ctx->tpf = p->parm.output.timeperframe;
	p->parm.output.capability = V4L2_CAP_TIMEPERFRAME;
	p->parm.output.timeperframe = ctx->tpf;
	return 0;
}

static const struct v4l2_ioctl_ops vicodec_ioctl_ops = {
	.vidioc_s_parm = vh264_parm,''')
sub('"stateful-encoder"', '"bcm2835-codec-encode"')
# only the encoder's node; a coded buffer of the size that the Pi's has at least
a = s.index('\tret = register_instance(dev, &dev->stateful_dec'); b = s.index('#ifdef CONFIG_MEDIA_CONTROLLER', a)
s = s[:a] + s[b:]
def cut(start, end, keep):
    global s
    i = s.index(start); j = s.index(end, i)
    s = s[:i] + keep + s[j:]
cut('\tret = v4l2_m2m_register_media_controller(dev->stateful_dec', '\tret = media_device_register', '')
cut('\t\tgoto unreg_m2m_sl_dec_mc;', 'unreg_dev:', '''\t\tgoto unreg_mc;
\t}
#endif
\treturn 0;

unreg_mc:
\tv4l2_m2m_unregister_media_controller(dev->stateful_enc.m2m_dev);
unreg_m2m:
\tvideo_unregister_device(&dev->stateful_enc.vfd);
\tv4l2_m2m_release(dev->stateful_enc.m2m_dev);
''')
for x in ('\tv4l2_m2m_unregister_media_controller(dev->stateful_dec.m2m_dev);\n', '\tv4l2_m2m_unregister_media_controller(dev->stateless_dec.m2m_dev);\n',
          '\tvideo_unregister_device(&dev->stateful_dec.vfd);\n', '\tvideo_unregister_device(&dev->stateless_dec.vfd);\n'):
    i = s.index('static int vicodec_remove'); j = s.index(x, i); s = s[:j] + s[j+len(x):]
for x in ('\tv4l2_m2m_release(dev->stateful_dec.m2m_dev);\n', '\tv4l2_m2m_release(dev->stateless_dec.m2m_dev);\n'):
    if x in s: s = s.replace(x, '')
sub('\tkvfree(ctx->state.compressed_frame);\n\tkfree(ctx);', '\tkvfree(ctx->state.compressed_frame);\n\tkvfree(ctx->mo.y);\n\tkfree(ctx);')
open(dst, 'w').write(s)
