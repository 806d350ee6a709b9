package pefile

// optionalAt is the offset of the optional header.
func (f *File) optionalAt() int64 { return f.header + coffHeader }

// directories is where the data directories begin in the optional header.
func (f *File) directories() int64 {
	if f.Wide {
		return 112
	}
	return 96
}

func (f *File) sectionTable() int64 { return f.optionalAt() + f.optional }

// SectionCountAt is the offset of NumberOfSections, of 2 bytes.
func (f *File) SectionCountAt() int64 { return f.header + 6 }

// SymbolsAt is the offset of PointerToSymbolTable and NumberOfSymbols, 8 bytes.
func (f *File) SymbolsAt() int64 { return f.header + 12 }

// SizeOfCodeAt is the offset of that field, of 4 bytes.
func (f *File) SizeOfCodeAt() int64 { return f.optionalAt() + sizeOfCodeAt }

// SizeOfInitializedDataAt is the offset of that field, of 4 bytes.
func (f *File) SizeOfInitializedDataAt() int64 { return f.optionalAt() + sizeOfDataAt }

// SizeOfImageAt is the offset of that field, of 4 bytes.
func (f *File) SizeOfImageAt() int64 { return f.optionalAt() + sizeOfImageAt }

// CheckSumAt is the offset of CheckSum, of 4 bytes, which signatures leave out and
// firmware doesn't look at.
func (f *File) CheckSumAt() int64 { return f.optionalAt() + checkSumAt }

// CertificateEntryAt is the offset of the data directory's entry for the
// certificate table: its offset in the file and its size, 4 bytes each. It is
// false for a file with fewer directories, which can't be signed.
func (f *File) CertificateEntryAt() (int64, bool) {
	at := f.directories() + certificatesRow*directory
	return f.optionalAt() + at, f.Directories > certificatesRow && f.optional >= at+directory
}

// SectionHeaderAt is the offset of the header of section i, also of one that is
// yet to be added.
func (f *File) SectionHeaderAt(i int) int64 { return f.sectionTable() + int64(i)*sectionHeader }

// Room is the number of section headers that can be added without moving
// anything: they end before SizeOfHeaders and before the first section's data.
func (f *File) Room() int {
	end := int64(f.SizeOfHeaders)
	for _, s := range f.Sections {
		if s.RawSize > 0 {
			end = min(end, int64(s.RawOffset))
		}
	}
	return max(0, int(end-f.SectionHeaderAt(len(f.Sections)))/sectionHeader)
}

// SectionsEnd is the offset of the first byte after the headers and all sections.
// What follows belongs to no section: symbols, certificates.
func (f *File) SectionsEnd() int64 {
	end := int64(f.SizeOfHeaders)
	for _, s := range f.Sections {
		if s.RawSize > 0 {
			end = max(end, s.Raw().End())
		}
	}
	return end
}
