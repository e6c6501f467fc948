package hawkbit

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// bundleName is what the artifact of every action is called.
const bundleName = "update.raucb"

// Words of the interface that feedback may use.
var (
	executions = []string{"proceeding", "closed", "rejected", "canceled", "scheduled", "resumed", "downloaded"}
	finishes   = []string{"none", "success", "failure"}
)

// serveAction answers what lies below deploymentBase, cancelAction and
// softwaremodules.
func (s *Server) serveAction(w http.ResponseWriter, r *http.Request, path []string) {
	if len(path) < 2 {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	action, known := s.actions[path[1]]
	s.mu.Unlock()
	kind, rest, get := path[0], path[2:], r.Method == http.MethodGet
	ofKind := kind == "deploymentBase" || kind == "cancelAction" && action.Cancel
	switch {
	case !known:
		http.NotFound(w, r)
	case kind == "deploymentBase" && get && len(rest) == 0:
		answer(w, s.deployment(r, action))
	case kind == "cancelAction" && get && len(rest) == 0:
		answer(w, map[string]any{"id": action.ID, "cancelAction": map[string]string{"stopId": action.ID}})
	case ofKind && r.Method == http.MethodPost && slices.Equal(rest, []string{"feedback"}):
		s.takeFeedback(w, r, action.ID, kind == "cancelAction")
	case kind == "softwaremodules" && get && slices.Equal(rest, []string{"artifacts", bundleName}):
		http.ServeContent(w, r, bundleName, time.Time{}, bytes.NewReader(action.Bundle))
	default:
		http.NotFound(w, r)
	}
}

// deployment describes the one software module and the one artifact of it.
func (s *Server) deployment(r *http.Request, a Action) any {
	sha1Sum, md5Sum, sha256Sum := sha1.Sum(a.Bundle), md5.Sum(a.Bundle), sha256.Sum256(a.Bundle)
	stated := a.SHA1
	if stated == "" {
		stated = hex.EncodeToString(sha1Sum[:])
	}
	artifact := map[string]any{
		"filename": bundleName,
		"size":     len(a.Bundle),
		"hashes": map[string]string{
			"sha1": stated, "md5": hex.EncodeToString(md5Sum[:]), "sha256": hex.EncodeToString(sha256Sum[:]),
		},
		"_links": map[string]any{"download": link(s.base(r) + "/softwaremodules/" + a.ID + "/artifacts/" + bundleName)},
	}
	chunk := map[string]any{"part": "os", "version": a.Version, "name": "intercom", "artifacts": []any{artifact}}
	return map[string]any{
		"id":         a.ID,
		"deployment": map[string]any{"download": "forced", "update": "forced", "chunks": []any{chunk}},
	}
}

// takeFeedback notes a report. Words that the interface does not know are
// refused, as hawkBit refuses them.
func (s *Server) takeFeedback(w http.ResponseWriter, r *http.Request, id string, cancel bool) {
	var body struct {
		Status struct {
			Execution string `json:"execution"`
			Result    struct {
				Finished string `json:"finished"`
			} `json:"result"`
			Details []string `json:"details"`
		} `json:"status"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&body)
	status := body.Status
	switch {
	case err != nil:
		http.Error(w, "feedback: "+err.Error(), http.StatusBadRequest)
		return
	case !slices.Contains(executions, status.Execution):
		http.Error(w, "unknown execution", http.StatusBadRequest)
		return
	case !slices.Contains(finishes, status.Result.Finished):
		http.Error(w, "unknown result", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feedback = append(s.feedback, Feedback{
		ID: id, Cancel: cancel, Execution: status.Execution, Finished: status.Result.Finished, Details: status.Details,
	})
	s.notify()
}
