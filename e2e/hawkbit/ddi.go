package hawkbit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxBody bounds what a device may send in one request, in bytes.
const maxBody = 64 << 10

// Action is an order of the server: to install a bundle, or with Cancel to
// drop the order of the same ID.
type Action struct {
	ID      string
	Version string
	Bundle  []byte
	Cancel  bool
	// SHA1 overrides the checksum that the server states; "" is the true one.
	SHA1 string
}

// Feedback is what a device reports about an action.
type Feedback struct {
	ID        string // of the action
	Cancel    bool   // about its cancellation
	Execution string // proceeding, closed, rejected, canceled, scheduled, resumed or downloaded
	Finished  string // none, success or failure
	Details   []string
}

// Server is one tenant of a hawkBit server with one target. It is safe for
// concurrent use.
type Server struct {
	tenant, target string
	authorization  string // header that a request must carry
	sleep          time.Duration

	mu         sync.Mutex
	actions    map[string]Action
	current    string // action that polls are told of
	attributes map[string]string
	feedback   []Feedback
	polls      int
	refused    int
	changed    chan struct{} // closed and replaced with every change
}

// NewServer returns a server for one target. The authorization is the whole
// header, e.g. "GatewayToken abc". Devices are told to ask again after sleep,
// in whole seconds, at least one.
func NewServer(tenant, target, authorization string, sleep time.Duration) *Server {
	return &Server{
		tenant: tenant, target: target, authorization: authorization, sleep: max(sleep, time.Second),
		actions: map[string]Action{}, changed: make(chan struct{}),
	}
}

// Order makes an action the one that polls are told of.
func (s *Server) Order(a Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.actions[a.ID] = a
	s.current = a.ID
	s.notify()
}

// Snapshot is what the server has seen.
type Snapshot struct {
	Polls      int               // answered
	Refused    int               // requests without the right token
	Attributes map[string]string // of the target; nil until it has sent them
	Feedback   []Feedback        // in order
}

// Closed returns the feedback that ended the action, or its cancellation.
func (s Snapshot) Closed(id string) (Feedback, bool) {
	for _, f := range s.Feedback {
		if f.ID == id && (f.Execution == "closed" || f.Execution == "rejected") {
			return f, true
		}
	}
	return Feedback{}, false
}

// Look returns what was seen so far and a channel that is closed with the next
// change.
func (s *Server) Look() (Snapshot, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := Snapshot{Polls: s.polls, Refused: s.refused, Attributes: s.attributes}
	seen.Feedback = append(seen.Feedback, s.feedback...)
	return seen, s.changed
}

// notify wakes who looks; s.mu is held.
func (s *Server) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// ServeHTTP answers the requests of devices.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/"+s.tenant+"/controller/v1/"+s.target)
	switch {
	case r.Header.Get("Authorization") != s.authorization:
		s.refuse(w)
	case !ok:
		http.NotFound(w, r)
	case rest == "" && r.Method == http.MethodGet:
		s.poll(w, r)
	case rest == "/configData" && r.Method == http.MethodPut:
		s.identify(w, r)
	default:
		s.serveAction(w, r, strings.Split(strings.TrimPrefix(rest, "/"), "/"))
	}
}

func (s *Server) refuse(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused++
	s.notify()
	http.Error(w, "wrong token", http.StatusUnauthorized)
}

// poll answers the base resource: when to ask again, and what there is to do.
func (s *Server) poll(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polls++
	links := map[string]any{}
	if s.attributes == nil {
		links["configData"] = link(s.base(r) + "/configData")
	}
	if a, ok := s.actions[s.current]; ok && !s.isDone(a) {
		kind := "deploymentBase"
		if a.Cancel {
			kind = "cancelAction"
		}
		links[kind] = link(s.base(r) + "/" + kind + "/" + a.ID)
	}
	sleep := time.Unix(0, 0).UTC().Add(s.sleep).Format(time.TimeOnly)
	answer(w, map[string]any{"config": map[string]any{"polling": map[string]any{"sleep": sleep}}, "_links": links})
	s.notify()
}

// isDone says whether the device has reported the end of the action.
func (s *Server) isDone(a Action) bool {
	for _, f := range s.feedback {
		if f.ID == a.ID && f.Cancel == a.Cancel && (f.Execution == "closed" || f.Execution == "rejected") {
			return true
		}
	}
	return false
}

func (s *Server) base(r *http.Request) string {
	return fmt.Sprintf("https://%s/%s/controller/v1/%s", r.Host, s.tenant, s.target)
}

func link(href string) map[string]string { return map[string]string{"href": href} }

// identify takes the attributes of the target.
func (s *Server) identify(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Data map[string]string `json:"data"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&body); err != nil {
		http.Error(w, "attributes: "+err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attributes = body.Data
	s.notify()
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_ = json.NewEncoder(w).Encode(body) // a device that left learns nothing
}
