package hawkbit

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

const testToken = "GatewayToken c2VjcmV0/+token=="

// client is a device that follows the links of the interface.
type client struct {
	t    *testing.T
	http *http.Client
	base string
}

// newClient starts the server and returns a client of it.
func newClient(t *testing.T) (*Server, client) {
	t.Helper()
	s := NewServer("DEFAULT", "door", testToken, 90*time.Second)
	https := httptest.NewTLSServer(s)
	t.Cleanup(https.Close)
	return s, client{t: t, http: https.Client(), base: https.URL + "/DEFAULT/controller/v1/door"}
}

// do sends a request and returns status and body.
func (c client) do(method, url, token, body string) (int, []byte) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", token)
	response, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, data
}

// get follows names through the JSON answer of url; it gives nil where there is
// no such member.
func (c client) get(url string, names ...any) any {
	c.t.Helper()
	status, body := c.do(http.MethodGet, url, testToken, "")
	if status != http.StatusOK {
		c.t.Fatalf("GET %s: status %d: %s", url, status, body)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		c.t.Fatalf("GET %s: %v", url, err)
	}
	for _, name := range names {
		switch inner := value.(type) {
		case map[string]any:
			value = inner[name.(string)]
		case []any:
			value = inner[name.(int)]
		default:
			return nil
		}
	}
	return value
}

func TestInterfaceDeployment(t *testing.T) {
	s, c := newClient(t)
	if sleep := c.get(c.base, "config", "polling", "sleep"); sleep != "00:01:30" {
		t.Errorf("sleep = %v, want 00:01:30", sleep)
	}
	config := c.get(c.base, "_links", "configData", "href").(string)
	if status, body := c.do(http.MethodPut, config, testToken, `{"data":{"board":"rpi4"}}`); status != http.StatusOK {
		t.Fatalf("configData: status %d: %s", status, body)
	}
	if link := c.get(c.base, "_links", "configData"); link != nil {
		t.Errorf("asked for attributes again: %v", link)
	}

	bundle := bytes.Repeat([]byte("bundle"), 1000)
	s.Order(Action{ID: "7", Version: "1.2.0", Bundle: bundle})
	order := c.get(c.base, "_links", "deploymentBase", "href").(string)
	artifact := []any{"deployment", "chunks", 0, "artifacts", 0}
	if size := c.get(order, append(artifact, "size")...); size != float64(len(bundle)) {
		t.Errorf("size = %v, want %d", size, len(bundle))
	}
	download := c.get(order, append(artifact, "_links", "download", "href")...).(string)
	if _, body := c.do(http.MethodGet, download, testToken, ""); !bytes.Equal(body, bundle) {
		t.Errorf("download gave %d bytes, want %d", len(body), len(bundle))
	}

	report := `{"id":"7","status":{"execution":"closed","result":{"finished":"success"},"details":["done"]}}`
	if status, body := c.do(http.MethodPost, order+"/feedback", testToken, report); status != http.StatusOK {
		t.Fatalf("feedback: status %d: %s", status, body)
	}
	if link := c.get(c.base, "_links", "deploymentBase"); link != nil {
		t.Errorf("offered again after its end: %v", link)
	}
	seen, _ := s.Look()
	want := Feedback{ID: "7", Execution: "closed", Finished: "success", Details: []string{"done"}}
	if got, _ := seen.Closed("7"); !reflect.DeepEqual(got, want) {
		t.Errorf("feedback %+v, want %+v", got, want)
	}
}

func TestInterfaceCancel(t *testing.T) {
	s, c := newClient(t)
	s.Order(Action{ID: "8", Cancel: true})
	if link := c.get(c.base, "_links", "deploymentBase"); link != nil {
		t.Errorf("cancelled action is still offered: %v", link)
	}
	cancel := c.get(c.base, "_links", "cancelAction", "href").(string)
	if id := c.get(cancel, "cancelAction", "stopId"); id != "8" {
		t.Errorf("stopId = %v, want 8", id)
	}
	report := `{"id":"8","status":{"execution":"closed","result":{"finished":"success"}}}`
	if status, body := c.do(http.MethodPost, cancel+"/feedback", testToken, report); status != http.StatusOK {
		t.Fatalf("feedback: status %d: %s", status, body)
	}
	if link := c.get(c.base, "_links", "cancelAction"); link != nil {
		t.Errorf("cancelled again after its end: %v", link)
	}
}

func TestInterfaceRefuses(t *testing.T) {
	s, c := newClient(t)
	s.Order(Action{ID: "9", Bundle: []byte("bundle")})
	feedback := c.base + "/deploymentBase/9/feedback"
	for _, test := range []struct {
		name, method, url, token, body string
		want                           int
	}{
		{"wrong token", http.MethodGet, c.base, "GatewayToken wrong", "", http.StatusUnauthorized},
		{"no token", http.MethodGet, c.base, "", "", http.StatusUnauthorized},
		{"other target", http.MethodGet, strings.Replace(c.base, "door", "gate", 1), testToken, "", http.StatusNotFound},
		{"unknown action", http.MethodGet, c.base + "/deploymentBase/99", testToken, "", http.StatusNotFound},
		{"no cancellation", http.MethodPost, c.base + "/cancelAction/9/feedback", testToken, "{}", http.StatusNotFound},
		{"unknown word", http.MethodPost, feedback, testToken, `{"status":{"execution":"over"}}`, http.StatusBadRequest},
		{"unknown result", http.MethodPost, feedback, testToken, `{"status":{"execution":"closed","result":{"finished":"so"}}}`, http.StatusBadRequest},
		{"no JSON", http.MethodPost, feedback, testToken, `{`, http.StatusBadRequest},
		{"no JSON as attributes", http.MethodPut, c.base + "/configData", testToken, `[`, http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			if status, body := c.do(test.method, test.url, test.token, test.body); status != test.want {
				t.Errorf("status %d (%s), want %d", status, body, test.want)
			}
		})
	}
	if seen, _ := s.Look(); len(seen.Feedback) > 0 || seen.Refused != 2 {
		t.Errorf("noted %+v, want no feedback and 2 refusals", seen)
	}
}
