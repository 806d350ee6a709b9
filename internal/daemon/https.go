package daemon

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/acme"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/certificate"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/httpd"
)

// HTTPS says whether and how files are served over HTTPS. Without files the
// certificate is issued by an authority of Spur's own.
type HTTPS struct {
	Port        uint16 // 0: not at all
	Certificate string // a file with the certificate, and those of its issuers
	Key         string // a file with its key
	ACME        ACME   // who issues it; the zero value for nobody
}

// ACME says which certificate an ACME server is to issue.
type ACME struct {
	Name      string // of this host
	Directory string // the server's URL; "" for Let's Encrypt
	Email     string // for the server to write to
}

// Check tells whether the parts fit together, and with those of c.
func (h HTTPS) Check(c Config) error {
	switch {
	case h.Certificate != "" && h.Key == "":
		return advice.New("--tls-cert names a certificate, and no --tls-key its key", "name the file of its private key with --tls-key")
	case h.Certificate == "" && h.Key != "":
		return advice.New("--tls-key names a key, and no --tls-cert its certificate", "name the file of the certificate with --tls-cert")
	case h.ACME.Name == "" && (h.ACME.Directory != "" || h.ACME.Email != ""):
		return advice.New("--acme-directory and --acme-email say something about --acme, which isn't there", "name this host with --acme, or leave them out")
	case h.ACME.Name != "" && h.Certificate != "":
		return advice.New("--acme has a certificate issued, and --tls-cert names one", "leave one of the two out")
	case h.ACME.Name != "" && !certificate.IsHostName(h.ACME.Name):
		return advice.New(fmt.Sprintf("--acme %s is no name of a host", h.ACME.Name), "name this host as the world knows it, such as boot.example.org")
	case h.ACME.Name != "" && c.Data == "":
		return advice.New("--acme needs a folder to keep the certificate in: it would be issued anew at each start, which ACME servers soon refuse", "name one with --data")
	case h.Port == 0 && h.ACME.Name != "":
		return advice.New("--acme is for HTTPS, which --https-port 0 switches off", "leave --https-port out, for port 443, or --acme")
	case h.Port == 0 && h.Certificate != "":
		return advice.New("--tls-cert is for HTTPS, which --https-port 0 switches off", "leave --https-port out, for port 443, or --tls-cert")
	case h.Port == 0 && c.HTTPPort == 0:
		return advice.New("--http-port 0 switches plain HTTP off, and no HTTPS is served", "add --https-port 443, or leave --http-port out")
	case h.Port != 0 && h.Port == c.HTTPPort:
		return advice.New(fmt.Sprintf("HTTP and HTTPS can't both have port %d", h.Port), "choose another one with --https-port or --http-port")
	}
	return nil
}

// openCertificate finds the certificate for HTTPS, or makes it.
func (d *daemon) openCertificate() error {
	h := d.config.HTTPS
	switch {
	case h.Port == 0:
		return nil
	case h.Certificate != "":
		files, err := h.fromFiles()
		if err != nil {
			return err
		}
		for _, w := range files.Warnings(time.Now()) {
			d.notices.warn(w)
		}
		d.certificate = files
		d.trusted = []string{fmt.Sprintf("HTTPS is served on port %d with the certificate %s.", h.Port, h.Certificate)}
		return nil
	}
	if h.ACME.Name != "" {
		return d.openACME()
	}
	authority, err := d.authority()
	if err != nil {
		return err
	}
	d.trusted = []string{fmt.Sprintf("HTTPS is served on port %d to machines that trust the authority with SHA-256 %s.", h.Port, fingerprint(authority.Certificate))}
	server, err := certificate.NewServer(authority, d.config.names, time.Now)
	if err != nil {
		return err
	}
	d.certificate = server
	return nil
}

// fromFiles reads the certificate that the operator named.
func (h HTTPS) fromFiles() (*certificate.Files, error) {
	files, err := certificate.FromFiles(h.Certificate, h.Key, time.Now())
	return files, advice.Wrap(wrapped("--tls-cert", err), "name a certificate that is valid now, in PEM, and its own key without a passphrase")
}

// names are what this host can be called by.
func (c Config) names() certificate.Names {
	var n certificate.Names
	if host, err := os.Hostname(); err == nil && host != "localhost" {
		n.Hosts = append(n.Hosts, host)
	}
	n.Addresses = slices.Clone(c.ServerAddrs)
	all, _ := net.InterfaceAddrs() // those that are reached come by themselves
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLoopback() && !slices.Contains(n.Addresses, p.Addr()) {
			n.Addresses = append(n.Addresses, p.Addr())
		}
	}
	return n
}

// tlsConfig is that of the listener for HTTPS: for firmware, and for modern
// clients beside it.
func tlsConfig(source certificate.Source) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: httpd.FirmwareSuites(), GetCertificate: source.Get}
	if by, ok := source.(*acme.Certificate); ok {
		c.NextProtos = by.Protocols()
	}
	return c
}

// acmeDir is the folder below that of --data where certificates by ACME are kept.
func acmeDir(data string) string { return filepath.Join(data, "acme") }

// openACME prepares to have the certificate issued. A dry run contacts nobody.
func (d *daemon) openACME() error {
	h := d.config.HTTPS
	if !d.config.DryRun {
		if err := os.MkdirAll(acmeDir(d.config.Data), 0o700); err != nil {
			return advice.Wrap(err, datafolder.Advise(err))
		}
	}
	by, err := acme.New(acme.Config{
		Name: h.ACME.Name, Directory: h.ACME.Directory, Email: h.ACME.Email, Dir: acmeDir(d.config.Data),
		Issued: func(until time.Time) {
			d.notices.note(fmt.Sprintf("The certificate for %s is there, valid until %s.", h.ACME.Name, until.Format(time.DateOnly)))
		},
		Failed: func(err error) {
			d.notices.warn("no certificate by ACME could be had, and Spur tries again: " + err.Error())
		},
	})
	if err != nil {
		return err
	}
	d.certificate, d.acme = by, by
	d.trusted = []string{fmt.Sprintf("HTTPS is served on port %d to machines that call Spur %s, with a certificate by ACME.", h.Port, h.ACME.Name)}
	return nil
}

// certificateFits warns of machines that will not find what they are told in the
// certificate, or will not find us by its name.
func (d *daemon) certificateFits(interfaces []dhcp.Interface) {
	for _, server := range serverAddrs(d.config, interfaces) {
		host := d.certificate.Host(server.Addr())
		files, named := d.certificate.(*certificate.Files)
		switch _, err := netip.ParseAddr(host); {
		case named && files.Unnamed(server.Addr()):
			d.notices.warn(fmt.Sprintf("%s is neither for the address %s nor for any one name: machines refuse it; have one issued with that address among its subject alternative names", d.config.HTTPS.Certificate, server.Addr()))
		case err != nil && d.config.DHCP == OwnDHCP && len(d.config.DNS) == 0:
			d.notices.warn(fmt.Sprintf("over HTTPS machines are sent to %s, and no name server is told to them that knows it; name one with --dns", host))
		}
	}
}
