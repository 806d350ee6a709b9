package testbed

import (
	"errors"
	"slices"
	"testing"
)

// rates is a series by its rates.
func rates(all ...float64) (s Series) {
	for _, rate := range all {
		s = append(s, Figure{Rate: rate})
	}
	return s
}

func TestTakeChangesWhoFollowsWhom(t *testing.T) {
	for servers := 1; servers <= 6; servers++ {
		all := make([]Series, servers)
		var asked []int
		if err := Take(all, 2*servers, func(server int) (Figure, error) {
			asked = append(asked, server)
			return Figure{Rate: float64(len(asked))}, nil
		}); err != nil {
			t.Fatal(err)
		}
		began := map[int]int{}
		follows := map[[2]int]bool{}
		for round := range slices.Chunk(asked, servers) {
			began[round[0]]++
			for place, server := range round {
				if place > 0 {
					follows[[2]int{round[place-1], server}] = true
				}
			}
			slices.Sort(round)
			if len(slices.Compact(round)) != servers {
				t.Errorf("%d servers: a round asked %v", servers, round)
			}
		}
		for server, times := range began {
			if times != 2 {
				t.Errorf("%d servers: %d began %d of %d rounds", servers, server, times, 2*servers)
			}
		}
		for one := range servers {
			if after := (one + 1) % servers; servers > 1 && (!follows[[2]int{one, after}] || !follows[[2]int{after, one}]) {
				t.Errorf("%d servers: %d and %d follow each other one way only", servers, one, after)
			}
		}
		for server, s := range all {
			if s.Count() != 2*servers {
				t.Errorf("%d servers: %d has %d rounds", servers, server, s.Count())
			}
		}
	}
}

func TestTakeEndsWithAnError(t *testing.T) {
	gone := errors.New("gone")
	all := make([]Series, 2)
	asked := 0
	err := Take(all, 3, func(int) (Figure, error) {
		if asked++; asked == 3 {
			return Figure{}, gone
		}
		return Figure{Rate: 1}, nil
	})
	if !errors.Is(err, gone) || asked != 3 {
		t.Errorf("%v after %d", err, asked)
	}
	if Take(all, 0, func(int) (Figure, error) { return Figure{}, nil }) == nil {
		t.Error("no round is no error")
	}
}

func TestSeriesLeavesOutRoundsWithoutTheServer(t *testing.T) {
	s := Series{{Rate: 4, Client: 1, Server: 0.5, Resent: 2}, {}, {Rate: 2, Client: 0.5, Server: 0.1}, {}, {Rate: 9, Client: 0.7, Server: 0.2, Resent: 1}}
	if s.Rate() != 4 || s.Client() != 0.7 || s.Server() != 0.2 || s.Resent() != 3 || s.Count() != 3 {
		t.Errorf("rate %v, cores %v and %v, %d resent, %d rounds", s.Rate(), s.Client(), s.Server(), s.Resent(), s.Count())
	}
	if none := (Series{{}, {}}); none.Rate() != 0 || none.Count() != 0 || (Series)(nil).Rate() != 0 {
		t.Error("a server that took no part has a rate")
	}
}

func TestBestHasTheHighestMedian(t *testing.T) {
	lucky, steady, slow := rates(1, 1, 9), rates(2, 2, 2), rates(1, 1, 1)
	if best := Best([]Series{slow, lucky, steady, nil}); best.Rate() != 2 {
		t.Errorf("best has %v", best.Rate())
	}
	if best := Best(nil); best.Rate() != 0 {
		t.Errorf("best of none has %v", best.Rate())
	}
}

func TestCeilingIsTheClientAlone(t *testing.T) {
	got := Ceiling([]Series{
		{{Rate: 10, Client: 0.5}, {Rate: 10, Client: 1}, {}},
		{{Rate: 6, Client: 0.2}, {}, {}},
		{{Rate: 6}, {Rate: 9, Client: 0.3}},
	})
	if want := rates(30, 30, 0); !slices.Equal(got, want) {
		t.Errorf("ceiling %v, not %v", got, want)
	}
}
