package family

import "slices"

// ways are those of a family's that Spur serves and whose files are there, one over each.
func (l look) ways(f Family) []Root {
	var all []Root
	for _, r := range f.Roots {
		missing := slices.ContainsFunc(r.If, func(pattern string) bool { return l.first(pattern) == "" })
		several := slices.ContainsFunc(r.One, func(pattern string) bool { return len(l.medium.Glob(pattern)) != 1 })
		there := slices.ContainsFunc(all, func(other Root) bool { return other.Over == r.Over })
		if r.Served() && !missing && !several && !there {
			all = append(all, r)
		}
	}
	return all
}

// way is the way over something; the first for empty, and the zero value where there is none.
func (f Found) way(over Over) Root {
	for _, r := range f.Ways {
		if over == "" || r.Over == over {
			return r
		}
	}
	return Root{}
}
