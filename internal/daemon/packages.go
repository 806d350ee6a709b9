package daemon

// LoaderPackages says where loaders come from on this host.
func LoaderPackages() string { return "" }
