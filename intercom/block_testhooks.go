//go:build testhooks

package intercom

// Block stops the device's loop for ever, as a deadlock would. It returns once
// the loop is stopped.
func (d *Device) Block() {
	stopped := make(chan struct{})
	d.post(func() {
		close(stopped)
		select {}
	})
	<-stopped
}
