# What wimboot begins with, for a stand-in of it on a BIOS: the header of an EFI application
# for x64, of which nothing is there but a return, and that of a kernel by Linux's boot
# protocol 2.03 (Documentation/arch/x86/boot.rst), which goes to 1 MiB in protected mode.
	.code16
	.text
prefix:
	.ascii "MZ"
	.org 0x3c
	.long pe - prefix
	.org 0x40
pe:
	.ascii "PE\0\0"
	.word 0x8664, 1			# machine, sections
	.long 0, 0, 0
	.word optional_end - optional, 0x22
optional:
	.word 0x20b, 0
	.long 0x200, 0, 0, 0x400, 0x400	# sizes, entry, base of code
	.quad 0x100000
	.long 0x200, 0x200		# alignments
	.long 0, 0, 0, 0
	.long 0x600, 0x400, 0		# image, headers, checksum
	.word 10, 0			# EFI application
	.quad 0, 0, 0, 0
	.long 0, 0
optional_end:
	.ascii ".text\0\0\0"
	.long 0x200, 0x400, 0x200, 0x400, 0, 0, 0, 0x60000020
	.org 0x1f1
	.byte 4				# sectors of setup
	.org 0x1fe
	.word 0xaa55
	.byte 0xeb, setup - 1f		# jmp setup
1:	.ascii "HdrS"
	.word 0x203
	.org 0x211
	.byte 1				# the rest is loaded at 1 MiB
	.org 0x22c
	.long 0xffffffff		# an initrd may be anywhere
setup:
	cli
	cld
	movl %ds:0x218, %esi		# the initrd, its size and the command line
	movl %ds:0x21c, %edi
	movl %ds:0x228, %ebx
	xorl %eax, %eax
	movw %ds, %ax
	shll $4, %eax
	addl %eax, %ds:(gdt - prefix + 2)
	lgdtl %ds:(gdt - prefix)
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $8, $0x100000
	.balign 8
gdt:
	.word 23			# of the three below, the first of which is this
	.long gdt - prefix
	.word 0
	.quad 0x00cf9b000000ffff	# code, flat
	.quad 0x00cf93000000ffff	# data, flat
	.org 0x400
	ret				# as EFI's entry
	.org 0xa00
