package main

import (
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// valuesApart are flags with a value that is named in the first column of help alone, where a
// text begins with that name and a colon: package pflag leaves it in the text as well.
func valuesApart(flags *pflag.FlagSet) *pflag.FlagSet {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.SortFlags = false
	flags.VisitAll(func(f *pflag.Flag) { all.AddFlag(valueApart(f)) })
	return all
}

func valueApart(f *pflag.Flag) *pflag.Flag {
	quoted, text, ok := strings.Cut(f.Usage, "`: ")
	name, begins := strings.CutPrefix(quoted, "`")
	if !ok || !begins || strings.Contains(name, "`") {
		return f
	}
	apart := *f
	apart.Usage, apart.Value = text, namedValue{f.Value, name}
	apart.NoOptDefVal = "" // the name says that the value may be left out
	switch {               // package pflag quotes a default, and leaves one out, by the type of its value
	case f.DefValue == "[]":
		apart.DefValue = ""
	case f.Value.Type() == "string" && f.DefValue != "":
		apart.DefValue = strconv.Quote(f.DefValue)
	}
	return &apart
}

// namedValue is a value that package pflag names by the type that it says it has.
type namedValue struct {
	pflag.Value
	name string
}

// Type is the value's name.
func (v namedValue) Type() string { return v.name }
