# A network boot program: it says by the serial port what the ROM knows of its boot,
# fetches files that lie beside it through the PXE API, and says what it got.
#
#   as -I DIR --defsym LOAD=0x2000 [--defsym CHAIN=1] -o nbp.o nbp.s
#   ld -m elf_i386 -Ttext=0x7c00 --oformat binary -o nbp nbp.o
#
# DIR has the file names.inc, which lists the names of the files, one .asciz each.
# Each is read to LOAD:0200; with CHAIN the last one is then started there, as a ROM
# starts an NBP, which is what Darwin's boot1pxe does with its booter.
#
# What is said of the API here is from PXE 2.1: section 4.4.5 for how an NBP is
# started, section 3 and its sub-sections for the calls.

	.set	OP_GET_CACHED_INFO, 0x71
	.set	OP_TFTP_OPEN, 0x20
	.set	OP_TFTP_CLOSE, 0x21
	.set	OP_TFTP_READ, 0x22
	.set	SIGNATURE, 0x45585021	# "!PXE"
	.set	OLD_SIGNATURE, 0x4e455850	# the beginning of "PXENV+"
	.set	COM1, 0x3f8

	# Where the fields of a BOOTP packet are (RFC 951 section 3).
	.set	YIADDR, 16
	.set	SIADDR, 20
	.set	FILE, 108
	.set	OPTIONS, 240

	.code16
	.text
	.globl	_start
_start:
	cld
	movw	%es, %dx		# PXENV+ is at ES:BX
	movw	%sp, %bp
	lesw	4(%bp), %di		# !PXE where the stack says
	cmpl	$SIGNATURE, %es:(%di)
	je	found
	movw	%dx, %es
	cmpl	$OLD_SIGNATURE, %es:(%bx)
	jne	bare
	lesw	%es:0x28(%bx), %di	# its pointer to !PXE, from API 2.1 on
	cmpl	$SIGNATURE, %es:(%di)
	je	found
bare:
	movw	%cs, %ax
	movw	%ax, %ds
	movw	$no_api, %si
	call	puts
	jmp	halt
found:
	movw	%cs, %ax
	movw	%ax, %ds
	movw	%di, api
	movw	%es, api+2
	movl	%es:0x10(%di), %eax	# EntryPointSP
	movl	%eax, entry
	movw	%ds, %ax
	movw	%ax, %es
	call	calm

	movw	$2, %ax			# the DHCPACK
	call	cached
	movw	$says_address, %si
	call	puts
	movw	$packet+YIADDR, %si
	call	put_address
	call	newline
	call	root_path

	movw	$3, %ax			# the boot server's reply, or the DHCPACK again
	call	cached
	cmpb	$0, packet+FILE
	jne	named
	movw	$2, %ax
	call	cached
named:
	call	root_path
	movl	packet+SIADDR, %eax
	movl	%eax, server
	movw	$says_server, %si
	call	puts
	movw	$server, %si
	call	put_address
	movw	$says_file, %si
	call	puts
	movb	$0, packet+FILE+127
	movw	$packet+FILE, %si
	call	puts
	call	newline
	call	cut

	movw	$names, %si
next:
	cmpb	$0, (%si)
	je	over
	call	fetch
1:	lodsb				# past the end of the name
	testb	%al, %al
	jnz	1b
	jmp	next
over:
	.ifdef	CHAIN
	pushw	api+2
	pushw	api
	lcall	$LOAD, $0x200
	.endif
	movw	$says_done, %si
	call	puts
halt:
	hlt
	jmp	halt

# calm waits a second, in which SeaBIOS puts the rest of its screen on the same line.
calm:
	sti
	movw	$18, %cx		# ticks of the clock
1:	hlt
	loop	1b
	ret

# pxe calls the API: operation in BX, parameters at DS:DI, whose first word is the
# status. Z is set where that is success.
pxe:
	pushal
	pushw	%ds
	pushw	%es
	pushw	%ds
	pushw	%di
	pushw	%bx
	lcall	*entry
	addw	$6, %sp
	popw	%es
	popw	%ds
	popal
	cmpw	$0, (%di)
	ret

# cached copies one of the ROM's packets, of the type in AX, to packet.
cached:
	pushw	%ax
	movw	$packet, %di
	movw	$750, %cx
	xorw	%ax, %ax
	rep stosw
	popw	%ax
	movw	$info, %di
	movw	$0, (%di)
	movw	%ax, 2(%di)
	movw	$1500, 4(%di)
	movw	$packet, 6(%di)
	movw	%ds, 8(%di)
	movw	$0, 10(%di)
	movw	$OP_GET_CACHED_INFO, %bx
	call	pxe
	jz	1f
	movw	$no_packet, %si
	call	puts
1:	ret

# root_path says what option 17 of the packet has, once.
root_path:
	cmpb	$0, root_said
	jne	3f
	movw	$packet+OPTIONS, %si
1:	cmpw	$packet+1498, %si
	ja	3f
	lodsb
	testb	%al, %al
	jz	1b
	cmpb	$0xff, %al
	je	3f
	movzbw	(%si), %cx
	incw	%si
	cmpb	$17, %al
	je	2f
	addw	%cx, %si
	jmp	1b
2:	pushw	%si
	movw	$says_root, %si
	call	puts
	popw	%si
4:	jcxz	5f
	lodsb
	call	putc
	decw	%cx
	jmp	4b
5:	call	newline
	movb	$1, root_said
3:	ret

# cut cuts the last component from the boot file.
cut:
	movw	$packet+FILE, %si
	movw	$prefix, %di
	movw	%di, %bx
1:	lodsb
	stosb
	cmpb	$'/', %al
	jne	2f
	movw	%di, %bx
2:	testb	%al, %al
	jnz	1b
	movw	%bx, prefix_end
	ret

# fetch fetches the file with the name at SI, which it preserves, to LOAD:0200.
fetch:
	pushw	%si
	movw	$prefix, %si
	movw	$open_name, %di
1:	cmpw	prefix_end, %si
	je	2f
	movsb
	jmp	1b
2:	popw	%si
	pushw	%si
3:	lodsb
	stosb
	testb	%al, %al
	jnz	3b
	movl	server, %eax
	movl	%eax, open_server
	movl	$0, open_gateway
	movw	$0x4500, open_port	# 69, in the network's order
	movw	$1024, open_size
	movl	$0, total
	movw	$0x200, at
	movw	$OP_TFTP_OPEN, %bx
	movw	$open, %di
	call	pxe
	jnz	failed
4:	movw	$read, %di
	movw	at, %ax
	movw	%ax, read_offset
	movw	$LOAD, read_segment
	movw	open_size, %ax
	movw	%ax, read_size
	movw	$OP_TFTP_READ, %bx
	call	pxe
	jnz	failed
	movzwl	read_size, %eax
	addl	%eax, total
	addw	%ax, at
	cmpw	$0xf000, at		# what is larger is only counted
	jb	5f
	movw	$0xe000, at
5:	cmpw	open_size, %ax
	jae	4b
	movw	$close, %di
	movw	$OP_TFTP_CLOSE, %bx
	call	pxe
	movw	$says_got, %si
	call	puts
	popw	%si
	pushw	%si
	call	puts
	movw	$says_bytes, %si
	call	puts
	movl	total, %eax
	call	put_number
	movw	$says_begins, %si
	call	puts
	call	first_line
	call	newline
	popw	%si
	ret
failed:
	movzwl	(%di), %ecx
	movw	$says_failed, %si
	call	puts
	popw	%si
	pushw	%si
	call	puts
	movw	$says_status, %si
	call	puts
	movl	%ecx, %eax
	call	put_number
	call	newline
	popw	%si
	ret

# first_line puts the first line of what was fetched, as far as it is text.
first_line:
	pushw	%ds
	movw	$LOAD, %ax
	movw	%ax, %ds
	movw	$0x200, %si
	movw	$60, %cx
1:	lodsb
	cmpb	$' ', %al
	jb	2f
	cmpb	$'~', %al
	ja	2f
	call	putc
	loop	1b
2:	popw	%ds
	ret

puts:
	pushw	%ax
1:	lodsb
	testb	%al, %al
	jz	2f
	call	putc
	jmp	1b
2:	popw	%ax
	ret

newline:
	movb	$'\r', %al
	call	putc
	movb	$'\n', %al

# putc puts AL on the serial line.
putc:
	pushw	%dx
	pushw	%ax
	movw	$COM1+5, %dx
1:	inb	%dx, %al
	testb	$0x20, %al		# its buffer is empty
	jz	1b
	popw	%ax
	movw	$COM1, %dx
	outb	%al, %dx
	popw	%dx
	ret

put_address:
	movw	$4, %cx
1:	xorl	%eax, %eax
	lodsb
	call	put_number
	decw	%cx
	jz	2f
	movb	$'.', %al
	call	putc
	jmp	1b
2:	ret

# put_number puts EAX in decimal digits.
put_number:
	pushal
	movl	$10, %ebx
	xorw	%cx, %cx
1:	xorl	%edx, %edx
	divl	%ebx
	pushw	%dx
	incw	%cx
	testl	%eax, %eax
	jnz	1b
2:	popw	%ax
	addb	$'0', %al
	call	putc
	loop	2b
	popal
	ret

says_address:	.asciz	"NBP: address "
says_server:	.asciz	"NBP: boot server "
says_file:	.asciz	", file "
says_root:	.asciz	"NBP: root path "
says_got:	.asciz	"NBP: got "
says_bytes:	.asciz	", bytes "
says_begins:	.asciz	", which begins with "
says_failed:	.asciz	"NBP: no "
says_status:	.asciz	", status "
says_done:	.asciz	"NBP: done\r\n"
no_api:		.asciz	"NBP: the ROM has no PXE API\r\n"
no_packet:	.asciz	"NBP: the ROM has no such packet\r\n"
root_said:	.byte	0

names:
	.include "names.inc"
	.byte	0

	.balign	4
api:		.long	0
entry:		.long	0
server:		.long	0
total:		.long	0
at:		.word	0
prefix_end:	.word	0
info:		.skip	12		# PXENV_GET_CACHED_INFO

open:		.word	0		# PXENV_TFTP_OPEN
open_server:	.long	0
open_gateway:	.long	0
open_name:	.skip	128
open_port:	.word	0
open_size:	.word	0

read:		.word	0		# PXENV_TFTP_READ
		.word	0
read_size:	.word	0
read_offset:	.word	0
read_segment:	.word	0

close:		.word	0		# PXENV_TFTP_CLOSE

		.comm	packet, 1500
		.comm	prefix, 128
