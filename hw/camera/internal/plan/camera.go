package plan

import "slices"

// camera adds the routes from a camera node.
func (p *planner) camera(n Node) {
	base := Route{Camera: n}
	left := p.want.Turn
	if inCamera(n, left) {
		base.InCamera, left = left, Turn{}
	}
	base.InPicture = left
	if !p.want.Raw {
		p.passthrough(base)
	}
	p.raw(base)
	p.compressed(base)
}

// inCamera tells whether a node's controls can turn a picture as wanted.
func inCamera(n Node, t Turn) bool {
	if t.None() {
		return false
	}
	if h, v, ok := t.Flips(); ok && (!h || n.HFlip) && (!v || n.VFlip) {
		return true
	}
	return n.Rotate && (!t.Mirror || n.HFlip)
}

// passthrough adds the camera's own H.264.
func (p *planner) passthrough(r Route) {
	f, ok := r.Camera.format(H264)
	if !ok {
		return
	}
	if !r.InPicture.None() {
		p.refuse("%s: its H.264 cannot be turned: it has no control for rotation or mirror", r.Camera)
		return
	}
	r.Kind = Passthrough
	if p.h264 != nil {
		r.Watcher = *p.h264
	}
	p.add(r, f, 0)
}

// raw adds the routes that begin with raw pictures.
func (p *planner) raw(r Route) {
	if !p.want.Raw {
		p.rawEncoded(r)
	}
	for _, fourCC := range rawFormats {
		if f, ok := r.Camera.format(fourCC); ok {
			r.Kind = Raw
			p.add(r, f, p.machine.SoftwarePixels)
		}
	}
}

// rawEncoded adds the hardware encoder's routes. Formats that the encoder takes
// as they are need no copy.
func (p *planner) rawEncoded(r Route) {
	if p.encoder == nil {
		p.refuse("no hardware encoder of H.264 was found")
		return
	}
	r.Kind, r.Encoder = RawM2M, *p.encoder
	for _, fourCC := range rawFormats {
		f, ok := r.Camera.format(fourCC)
		if !ok {
			continue
		}
		r.Input = fourCC
		r.ZeroCopy = r.InPicture.None() && p.encoder.takes(fourCC)
		if !r.ZeroCopy {
			if r.Input = YU12; !p.encoder.takes(YU12) {
				continue
			}
		}
		p.add(r, f, 0)
	}
}

// compressed adds the routes that begin with JPEG.
func (p *planner) compressed(r Route) {
	f, ok := r.Camera.format(r.Camera.jpeg())
	if !ok {
		return
	}
	if p.encoder != nil && !p.want.Raw {
		p.jpegInHardware(r, f)
		r := r
		if p.encoder.takes(YU12) {
			r.Kind, r.Encoder, r.Input = JPEGSoftM2M, *p.encoder, YU12
			r.Warning = "JPEG pictures are decoded by the processor; a camera with H.264 or raw pictures of this size saves that"
			p.add(r, f, 0)
		}
	}
	r.Kind = JPEGSoft
	r.Warning = "JPEG pictures are decoded and H.264 is encoded by the processor; a camera with H.264 saves both"
	p.add(r, f, p.machine.SoftwarePixels*2/3) // decoding takes its part
}

// jpegInHardware adds JPEG decoder and H.264 encoder in a row.
func (p *planner) jpegInHardware(r Route, f Format) {
	if p.jpeg == nil {
		p.refuse("no hardware decoder of JPEG was found")
		return
	}
	between := slices.IndexFunc(rawFormats[:], func(f string) bool { return p.jpeg.has(f) && p.encoder.takes(f) })
	if between < 0 {
		p.refuse("hardware decoder %s and encoder %s have no format in common", p.jpeg, p.encoder)
		return
	}
	r.Kind, r.Decoder, r.Encoder, r.Input = JPEGM2M, *p.jpeg, *p.encoder, rawFormats[between]
	if !r.InPicture.None() && !p.encoder.takes(YU12) {
		return
	}
	if r.ZeroCopy = r.InPicture.None(); !r.ZeroCopy {
		r.Input = YU12
	}
	p.add(r, f, 0)
}

// add keeps a route with the picture that comes nearest.
func (p *planner) add(r Route, f Format, budget float64) {
	want := p.want
	if r.InPicture.Rotation%180 != 0 || r.InCamera.Rotation%180 != 0 {
		want.Width, want.Height = want.Height, want.Width
	}
	pic, near := f.fit(want, budget)
	if near == 0 {
		if budget > 0 {
			p.refuse("%s: every size of %s is too much for the software encoder", r.Camera, f.FourCC)
		}
		return
	}
	r.Format, r.Width, r.Height, r.FPS = f.FourCC, pic.width, pic.height, pic.fps
	r.near, r.score = near, near*r.Kind.weight()
	if p.want.Raw {
		r.score = near // what it costs does not matter for a single picture
	}
	p.routes = append(p.routes, r)
}

// Widths of rpicam-vid's raw pictures are padded to this many pixels.
const rpicamAlign = 64

// sensor adds the routes through libcamera for a CSI receiver. Several
// receivers and their extra nodes make one camera.
func (p *planner) sensor(n Node) {
	if p.sensorSeen {
		return
	}
	p.sensorSeen = true
	if p.machine.RPiCam == "" {
		p.refuse("%s is the raw receiver of a CSI camera and needs rpicam-vid, which is not installed (package rpicam-apps)", n)
		return
	}
	r := Route{Camera: n, Child: p.machine.RPiCam}
	if _, _, ok := p.want.Turn.Flips(); ok {
		r.InCamera = p.want.Turn
	} else {
		r.InPicture = p.want.Turn
	}
	whole := Format{FourCC: YU12, Range: &Range{
		MinWidth: rpicamAlign, MaxWidth: 1920, StepWidth: rpicamAlign,
		MinHeight: rpicamAlign, MaxHeight: 1080, StepHeight: 2,
	}}
	if !p.want.Raw {
		p.sensorEncoded(r, whole)
	}
	r.Kind = ChildPlain
	p.add(r, whole, p.machine.SoftwarePixels)
}

// sensorEncoded adds the encoded routes of a CSI camera: through the hardware
// encoder, which keeps control of key frames and bitrate, or without one
// rpicam-vid's own H.264.
func (p *planner) sensorEncoded(r Route, whole Format) {
	if p.encoder != nil && p.encoder.takes(YU12) {
		r.Kind, r.Encoder, r.Input = ChildRaw, *p.encoder, YU12
		p.add(r, whole, 0)
		return
	}
	p.refuse("no hardware encoder of H.264 was found")
	if !r.InPicture.None() {
		p.refuse("rpicam-vid's H.264 cannot be turned by 90 degrees")
		return
	}
	r.Kind = ChildH264
	r.Warning = "rpicam-vid encodes H.264 with the processor; key frames and bitrate cannot be changed while it runs"
	whole.FourCC = H264
	p.add(r, whole, 0)
}
