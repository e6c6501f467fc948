package sdk

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Table writes the results as Markdown.
func (r Results) Table(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintln(&b, r.Machine)
	for _, kind := range []Kind{OwnLink, ClientLink} {
		fmt.Fprintf(&b, "\n%s is cut off\n\n", map[Kind]string{OwnLink: "The device", ClientLink: "The client"}[kind])
		b.WriteString("| cut | device's id | picture back, device and SDK | picture back, SDK and SDK | ratio | goal | after the client's chat was back: device, SDK | pauses after | first packet at the device |\n|---|---|---|---|---|---|---|---|---|\n")
		for _, l := range r.rows() {
			if l.plan.Kind == kind {
				l.write(&b)
			}
		}
	}
	b.WriteString("\nWhat the listeners were told, in seconds after the cut\n\n| cut off | cut | device's id | device | its client | SDK and SDK: cut off | stays |\n|---|---|---|---|---|---|---|\n")
	for _, l := range r.rows() {
		l.writeStates(&b)
	}
	r.writeRaces(&b)
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\nNot played: %s\n", strings.ReplaceAll(f, "\n", " "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p Plan) cutText() string {
	if p.Fault == Moved {
		return "other address"
	}
	return fmt.Sprintf("%v %s", p.Length, p.Fault)
}

func (l *row) write(b *strings.Builder) {
	ratio := "–"
	if v := l.ratio(); !math.IsNaN(v) {
		ratio = fmt.Sprintf("%.2f", v)
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s, %s | %d, SDK %d | %s |\n", l.plan.cutText(), l.plan.Device(),
		l.pictures(l.device).text(), l.pictures(l.between).text(), ratio, l.verdict(),
		seconds(l.afterChat(l.device).median()), seconds(l.afterChat(l.between).median()),
		l.pauses(l.device), l.pauses(l.between), l.packets().text())
}

// pauses counts later pauses of the compared client's picture.
func (l *row) pauses(outcomes []Outcome) int {
	n := 0
	for _, o := range outcomes {
		n += len(o.Viewer(l.plan.Kind == ClientLink).Pauses)
	}
	return n
}

func (l *row) writeStates(b *strings.Builder) {
	device, client := 0, 1
	if l.plan.Kind == ClientLink {
		device, client = 1, 0
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", l.plan.Kind, l.plan.cutText(), l.plan.Device(),
		told(l.device, device), told(l.device, client), told(l.between, 0), told(l.between, 1))
}

func (r Results) writeRaces(b *strings.Builder) {
	if len(r.Races) == 0 {
		return
	}
	var told series
	for _, race := range r.Races {
		told = append(told, race.Told/1000)
	}
	fmt.Fprintf(b, "\nTwo clients answer at the same moment: %d calls, one call left each time; the other client is told %s after the first answer, at most %s.\n",
		len(r.Races), seconds(told.median()), seconds(slices.Max(told)))
}

// Lines shows outcomes as they come, one line for each end.
func Lines(outcomes []Outcome) string {
	var b strings.Builder
	for _, o := range outcomes {
		for _, p := range o.Parties {
			fmt.Fprintf(&b, "  %-13s %-17s picture %-8s %s", o.Kind, p.Role, seconds(pictureSeconds(p)), told([]Outcome{{Parties: []PartyOutcome{p}}}, 0))
			if len(p.Pauses) > 0 {
				fmt.Fprintf(&b, ", then pauses of %.0f ms", p.Pauses)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
