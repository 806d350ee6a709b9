// Package image looks into a file and says which payload it is.
//
// [Look] recognises what can be booted the way Linux is:
//
//   - x86 kernels by their setup header (bzImage; the kernel's
//     Documentation/arch/x86/boot.rst),
//   - arm64, RISC-V and LoongArch kernels by the header of their Image
//     (Documentation/arch/arm64/booting.rst, riscv/boot-image-header.rst,
//     loongarch/booting.rst), 32-bit ARM's zImage, and an Image inside gzip,
//   - EFI zboot kernels (drivers/firmware/efi/libstub/zboot-header.S),
//   - iPXE scripts.
//
// About anything else it says what it looks like and what to do about it, as
// a [*Mismatch]: the commonest mistakes are to swap kernel and initrd, to name
// an ISO, and to have downloaded a login page.
//
// [LookInitrd] judges an initrd. The kernel takes formats that nobody here
// knows, so whatever it finds is a warning at most.
//
// Both are pure and read at most 64 KiB of the beginning, and a few headers of
// an initrd. [Open], [OpenInitrd], [Fetch] and [FetchInitrd] are the edges for
// files and URLs.
package image
