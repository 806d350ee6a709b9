package testbed

import "errors"

// A Figure is what one server did in one round. The zero Figure is that of a
// server which took no part in it.
type Figure struct {
	Rate           float64 // bytes or commands, as the benchmark has it, per second
	Client, Server float64 // cores kept busy
	Resent         int     // by the client, because no answer came
}

// A Series is what one server did, round by round.
type Series []Figure

// Take asks servers one after the other, and appends to the series of each what it
// did: a round asks every one once, and neither who begins nor who follows whom is
// the same in every round. It ends with the first error.
func Take(servers []Series, rounds int, ask func(server int) (Figure, error)) error {
	if rounds < 1 {
		return errors.New("there is no ratio without a round: ask for one at least")
	}
	for round := range rounds {
		for place := range servers {
			server := serverAt(round, place, len(servers))
			f, err := ask(server)
			if err != nil {
				return err
			}
			servers[server] = append(servers[server], f)
		}
	}
	return nil
}

// serverAt is the server that is asked at a place in a round: each round begins
// with the next server, and every other one goes on backwards.
func serverAt(round, place, servers int) int {
	if round%2 == 1 {
		place = servers - place
	}
	return (round + place) % servers
}

// Count is how many rounds the server took part in.
func (s Series) Count() int { return len(s.each(rate)) }

// Rate is the median of the rounds that the server took part in; 0 if there
// are none.
func (s Series) Rate() float64 { return Median(s.each(rate)) }

// Client is the median of the cores that the client kept busy.
func (s Series) Client() float64 { return Median(s.each(func(f Figure) float64 { return f.Client })) }

// Server is the median of the cores that the server kept busy.
func (s Series) Server() float64 { return Median(s.each(func(f Figure) float64 { return f.Server })) }

// Resent is what the client sent again in all rounds together.
func (s Series) Resent() (n int) {
	for _, f := range s {
		n += f.Resent
	}
	return n
}

func rate(f Figure) float64 { return f.Rate }

// each is one value of each round that the server took part in.
func (s Series) each(value func(Figure) float64) (all []float64) {
	for _, f := range s {
		if f.Rate > 0 {
			all = append(all, value(f))
		}
	}
	return all
}

// Best is the series whose rate is the highest.
func Best(all []Series) (best Series) {
	for _, s := range all {
		if s.Rate() > best.Rate() {
			best = s
		}
	}
	return best
}

// Ceiling is what a server of no cost at all would do in each round: the
// client, at the least that a byte or command costs it beside any of these
// servers, keeps a core busy.
func Ceiling(servers []Series) (ceiling Series) {
	for _, s := range servers {
		for round, f := range s {
			if round == len(ceiling) {
				ceiling = append(ceiling, Figure{})
			}
			if f.Client > 0 {
				ceiling[round].Rate = max(ceiling[round].Rate, f.Rate/f.Client)
			}
		}
	}
	return ceiling
}
