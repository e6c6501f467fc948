package provision

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/provision/qr"
)

// How often a device that waits looks.
const (
	lookPeriod  = 3 * time.Second  // at the card
	retryPeriod = 5 * time.Second  // for a camera that failed
	pauseTime   = time.Second / 4  // between pictures
	pictureTime = 20 * time.Second // for one picture at most
)

// pairIfAsked reads a QR code if there is no configuration, for as long as that
// takes, or if a button was held, for [PairTime].
func (s *Setup) pairIfAsked(ctx context.Context, hold Hold) error {
	cfg, err := s.active()
	switch {
	case s.options.NoQR:
		return nil
	case cfg == nil && err == nil:
		s.log.Info("no configuration: waiting for a QR code in front of the camera or a new " + configFile + " on the card")
		return s.pair(ctx, config.Default(), false)
	case hold != HoldPair:
		return nil
	}
	s.log.Info("button held: looking for a QR code", "for", PairTime)
	s.show(cfg, config.ShowUpdating)
	defer s.show(cfg, config.ShowIdle)
	ctx, cancel := context.WithTimeout(ctx, PairTime)
	defer cancel()
	return s.pair(ctx, cfg, true)
}

// pair looks until something was taken over or ctx ends. A device with a
// configuration does not look at its card: that has been done.
func (s *Setup) pair(ctx context.Context, cfg *config.Config, configured bool) error {
	camera := cfg.Camera
	if !configured || camera.Source.Kind != config.SourceDevice {
		camera = s.anyCamera()
	}
	told := ""
	for lookAt, pictureAt := time.Now().Add(lookPeriod), time.Now(); ctx.Err() == nil; sleep(ctx, pauseTime) {
		if now := time.Now(); !configured && now.After(lookAt) {
			lookAt = now.Add(lookPeriod)
			if fresh, _ := s.importOrComplain(); fresh { // its error is on the card
				return nil
			}
		}
		if time.Now().Before(pictureAt) {
			continue
		}
		done, err := s.look(ctx, camera)
		if done {
			return nil
		}
		if err != nil {
			pictureAt = time.Now().Add(retryPeriod)
		}
		if err != nil && err.Error() != told && ctx.Err() == nil {
			told = err.Error()
			s.log.Warn("no QR code yet", "err", err)
		}
	}
	if configured {
		s.log.Info("no QR code was shown; the configuration stays")
	}
	return nil
}

// anyCamera is the camera of a device that nobody has told which.
func (s *Setup) anyCamera() config.Camera {
	cfg, err := s.check("camera", []byte("camera: {source: auto}\nlan: {enabled: true}\n"), "/")
	if err != nil {
		return config.Default().Camera
	}
	return cfg.Camera
}

// look takes a picture and takes over the first code in it that can be.
func (s *Setup) look(ctx context.Context, camera config.Camera) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, pictureTime)
	defer cancel()
	img, err := s.ports.Picture(ctx, camera)
	if err != nil {
		return false, err
	}
	for _, text := range qr.Decode(img) {
		if err = s.accept(text); err == nil {
			s.log.Info("configuration taken over from a QR code")
			return true, nil
		}
		err = fmt.Errorf("a QR code was seen, but not taken over: %w", err)
	}
	return false, err
}

// accept stores what a QR code says.
func (s *Setup) accept(text string) error {
	p, err := parsePayload(text)
	if err != nil {
		return err
	}
	st, err := s.store.load()
	switch {
	case err != nil:
		return err
	case p.wifi != nil && st == nil:
		return errors.New("it is for Wi-Fi only, and the device has no configuration yet")
	case p.wifi != nil:
		return s.acceptWiFi(*p.wifi, st)
	}
	cfg, err := s.check("QR code", p.config, "/")
	if err != nil {
		return err
	}
	switch {
	case len(cfg.Files) > 0:
		return fmt.Errorf("it names the file %q, which does not come with it", cfg.Files[0])
	case len(cfg.Outside) > 0:
		return fmt.Errorf("%s names a file, which does not come with it", cfg.Outside[0])
	}
	return s.store.save(s.beside(map[string][]byte{configFile: p.config}))
}

// beside notes which file is on the card, so that the next boot does not take
// it for a new one.
func (s *Setup) beside(files map[string][]byte) map[string][]byte {
	if _, text, _, err := s.card.config(); err == nil && text != nil {
		files[seenFile] = []byte(digest(text))
	}
	return files
}

// acceptWiFi changes the network of the configuration in force. What belongs to
// it stays, and so does what came from the card: it is no news.
func (s *Setup) acceptWiFi(w wifi, st *stored) error {
	text, err := withWiFi(st.text, w)
	if err != nil {
		return err
	}
	dir := path.Join(s.store.dir, st.folder)
	if _, err := s.check(configFile, text, dir); err != nil {
		return err
	}
	files, err := s.companions(st)
	if err != nil {
		return err
	}
	all := map[string][]byte{configFile: text}
	for name, data := range files {
		all[name] = data
	}
	if st.card != nil {
		all[cardFile] = st.card
	}
	if st.seen != "" {
		all[seenFile] = []byte(st.seen)
	}
	return s.store.save(all)
}

// withWiFi returns a configuration with another network; the country stays.
func withWiFi(text []byte, w wifi) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil || len(document.Content) != 1 {
		return nil, fmt.Errorf("change Wi-Fi: the stored configuration cannot be read: %w", err)
	}
	table := tableOf(tableOf(document.Content[0], "network"), "wifi")
	setText(table, "ssid", w.ssid)
	setText(table, "password", w.password) // "" for a network without one
	unset(table, "hidden")
	if w.hidden {
		table.Content = append(table.Content, scalar("hidden", "!!str", 0), scalar("true", "!!bool", 0))
	}
	return yaml.Marshal(&document)
}

// tableOf returns the table at a key, which is made if there is none.
func tableOf(table *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(table.Content); i += 2 {
		if v := table.Content[i+1]; table.Content[i].Value == key && v.Kind == yaml.MappingNode {
			return v
		}
	}
	unset(table, key)
	v := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	table.Content = append(table.Content, scalar(key, "!!str", 0), v)
	return v
}

func setText(table *yaml.Node, key, text string) {
	unset(table, key)
	table.Content = append(table.Content, scalar(key, "!!str", 0), scalar(text, "!!str", yaml.DoubleQuotedStyle))
}

// unset removes a key of a table.
func unset(table *yaml.Node, key string) {
	for i := 0; i+1 < len(table.Content); i += 2 {
		if table.Content[i].Value == key {
			table.Content = append(table.Content[:i], table.Content[i+2:]...)
			return
		}
	}
}

func scalar(value, tag string, style yaml.Style) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value, Style: style}
}
