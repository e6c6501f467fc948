package qr

import (
	"image"
	"math"
	"math/rand/v2"
)

// scene is a code in front of a camera.
type scene struct {
	module float64 // pixels that a module of the code takes
	turn   float64 // degrees
	tilt   float64 // how much narrower the upper end is, in parts of the width
	blur   int     // pixels on each side that the lens mixes
	noise  int     // of brightness, at most
	light  bool    // whether it is darker on one side
}

// width and height are those of the camera.
const width, height = 1280, 720

// shoot takes a picture of the scene, with the code in the middle.
func (s scene) shoot(c Code) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	sin, cos := math.Sincos(s.turn * math.Pi / 180)
	half := float64(c.Modules()) / 2
	const sub = 2 // samples a pixel in each direction
	for y := range height {
		for x := range width {
			sum := 0.0
			for i := range sub * sub {
				dx := float64(x) + float64(i%sub)/sub - width/2
				dy := float64(y) + float64(i/sub)/sub - height/2
				far := 1 - s.tilt*dy/height // of a plane that leans back
				dx, dy = dx*far, dy*far
				u, v := (cos*dx+sin*dy)/s.module+half, (cos*dy-sin*dx)/s.module+half
				sum += paper(c, u, v)
			}
			img.Pix[y*img.Stride+x] = byte(sum / (sub * sub))
		}
	}
	img = blur(img, s.blur)
	s.expose(img)
	return img
}

// paper is how bright the print is at a place in modules.
func paper(c Code, u, v float64) float64 {
	x, y := int(math.Floor(u)), int(math.Floor(v))
	margin := c.Modules() + quiet
	switch {
	case x < -quiet || y < -quiet || x >= margin || y >= margin:
		return 120 // the wall
	case c.code.Black(x, y):
		return 40
	}
	return 210
}

// expose adds what light and sensor do.
func (s scene) expose(img *image.Gray) {
	random := rand.New(rand.NewPCG(1, 2))
	for i, v := range img.Pix {
		value := float64(v)
		if s.light {
			value *= 0.5 + 0.5*float64(i%img.Stride)/width
		}
		if s.noise > 0 {
			value += float64(random.IntN(2*s.noise+1) - s.noise)
		}
		img.Pix[i] = byte(min(max(value, 0), 255))
	}
}

// blur mixes each pixel with its neighbours.
func blur(img *image.Gray, radius int) *image.Gray {
	if radius == 0 {
		return img
	}
	out := image.NewGray(img.Rect)
	for y := range height {
		for x := range width {
			sum, n := 0, 0
			for j := max(0, y-radius); j <= min(height-1, y+radius); j++ {
				for i := max(0, x-radius); i <= min(width-1, x+radius); i++ {
					sum, n = sum+int(img.Pix[j*img.Stride+i]), n+1
				}
			}
			out.Pix[y*out.Stride+x] = byte(sum / n)
		}
	}
	return out
}
