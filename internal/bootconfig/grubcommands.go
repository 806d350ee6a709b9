package bootconfig

// GRUBCommand is a command of a configuration of GRUB.
type GRUBCommand struct {
	Line  int
	Words []string // as they stand there; "" for one with a variable in it
}

// GRUBCommands are the commands of a configuration that depend on nothing but on which entry
// is chosen: what conditions, loops and functions hold is left out.
func GRUBCommands(text string) []GRUBCommand { return plainCommands(parseGRUB(text)) }

func plainCommands(nodes []grubNode) []GRUBCommand {
	var all []GRUBCommand
	for _, n := range nodes {
		if n.kind != "" || n.joined || len(n.words) == 0 {
			continue
		}
		c := GRUBCommand{Line: n.line}
		for _, w := range n.words {
			c.Words = append(c.Words, w.literal())
		}
		all = append(all, c)
		if c.Words[0] == "menuentry" || c.Words[0] == "submenu" {
			all = append(all, plainCommands(n.body)...)
		}
	}
	return all
}
