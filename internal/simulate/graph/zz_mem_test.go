package graph_test
import ("testing";"runtime";"time";"github.com/rollcall-sync/rollcall/internal/simulate/graph")
func TestZZMem(t *testing.T){
 s:=time.Now(); d:=graph.Generate(1_000_000); t.Log("generate",time.Since(s), len(d.Users[999999]))
 s=time.Now(); tn:=graph.New(d); t.Log("new",time.Since(s))
 d=graph.Directory{}
 runtime.GC(); var m runtime.MemStats; runtime.ReadMemStats(&m); t.Log(m.HeapAlloc>>20, m.Sys>>20)
 runtime.KeepAlive(tn)
}
