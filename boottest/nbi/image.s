# A tagged image (NBI) that prints on the first serial port what it finds where its segments
# are to be, and in the BOOTP record.
#
#	as --32 -o image.o image.s
#	ld -m elf_i386 -Ttext 0 --oformat binary -o image.nbi image.o
#
# With --defsym LINEAR=1 it is entered with 32 bits, as Etherboot does it with images that
# ask for it.

	.intel_syntax noprefix
	.code16
	.text

	LOW = 0x20000			# of the first segment
	LOWMEM = 0x1000
	HIGH = 0x100000

	.global _start
_start:
	.long 0x1b031336
.ifdef LINEAR
	.byte 0x04, 0, 0, 0x80		# a header of 16 bytes, no vendor's
	.word 0, 0x9200			# where the header goes
	.long LOW + linear - low	# where the image is entered
.else
	.byte 0x04, 0, 0, 0
	.word 0, 0x9200
	.word 0, LOW >> 4
.endif

	.byte 0x14, 1, 0, 0		# at an address; with 4 bytes of a vendor
	.long LOW, lowend - low, LOWMEM
	.ascii "SPUR"
	.byte 0x04, 2, 0, 1		# 16 bytes after the one before
	.long 16, afterend - after, 64
	.byte 0x04, 3, 0, 0		# where the file is
	.long HIGH, highend - high, 0x20000
	.byte 0x04, 4, 0, 1		# after that one
	.long 0, abovend - above, 64
	.byte 0x04, 5, 0, 3		# before that one
	.long 0x10000, beforend - before, 64
	.byte 0x04, 6, 0, 6		# 4 KiB before the end of memory; the last
	.long 0x1000, topend - top, 64

	.org 512
low:
	mov bp, sp
	push cs
	pop ds
	cld
	lea si, [begin - low]
	call print
	les bx, [bp + 4]		# the header
	cmp dword ptr es:[bx], 0x1b031336
	jne end
	cmp bx, 0
	jne end
	lea si, [header - low]
	call print
	les bx, [bp + 8]		# the BOOTP record
	mov al, es:[bx + 19]		# the last byte of the client's address
	call number
	mov al, es:[bx + 23]		# and of the server's
	call number
	mov al, es:[bx + 33]		# and of its Ethernet address
	call number
	call newline
	mov eax, LOW + LOWMEM + 16
	call show
	mov eax, HIGH
	call show
	mov eax, HIGH + highend - high	# where there were Xs of the file
	call show
	cmp byte ptr [buffer - low], 0
	jne end
	lea si, [zeros - low]
	call print
	mov eax, HIGH + 0x10000
	call show
	mov eax, HIGH + 0x20000
	call show
	mov ax, 0xe801
	xor cx, cx
	xor dx, dx
	int 0x15
	movzx eax, bx			# more than 16 MiB, in units of 64 KiB
	shl eax, 16
	add eax, 0x1000000 - 0x1000
	call show
	lea si, [done - low]
	call print
	retf				# the loader goes on

show:					# prints the text at address EAX, copied by the BIOS
	push cs
	pop es
	mov [to - low], ax
	shr eax, 16
	mov [to - low + 2], al
	mov [to - low + 5], ah
	lea si, [table - low]
	mov cx, 32
	mov ah, 0x87
	int 0x15
	lea si, [buffer - low]
	call print
newline:
	lea si, [line - low]
print:					# the text at SI
	lodsb
	test al, al
	jz return
	call put
	jmp print
return:	ret
end:	hlt
	jmp end

number:					# AL in hexadecimal digits, and a blank
	push ax
	shr al, 4
	call digit
	pop ax
	and al, 15
	call digit
	mov al, ' '
	jmp put
digit:
	cmp al, 10
	jb decimal
	add al, 'a' - 10 - '0'
decimal:
	add al, '0'
put:					# AL to the serial port
	mov ah, al
	mov dx, 0x3fd
wait:	in al, dx
	test al, 0x20
	jz wait
	mov dx, 0x3f8
	mov al, ah
	out dx, al
	ret

	.code32
linear:
	mov ebp, esp
	mov esi, offset LOW + wide - low
	call print32
	mov ebx, [ebp + 8]		# the header
	cmp dword ptr [ebx], 0x1b031336
	jne end
	mov ebx, [ebp + 12]		# the BOOTP record
	cmp dword ptr [ebx + 236], 0x63538263
	jne end
	mov esi, HIGH
	call print32
	mov esi, offset LOW + ending - low
	call print32
	ret
print32:				# the text at ESI
	lodsb
	test al, al
	jz return
	mov ah, al
	mov dx, 0x3fd
wait32:	in al, dx
	test al, 0x20
	jz wait32
	mov dx, 0x3f8
	mov al, ah
	out dx, al
	jmp print32

wide:	.asciz "\r\ntagged image: started with 32 bits, "
ending:	.asciz ", header and record in their places\r\n"
begin:	.asciz "\r\ntagged image: started\r\n"
header:	.asciz "tagged image: header in its place, record "
zeros:	.asciz "tagged image: and zeros\r\n"
done:	.asciz "tagged image: done\r\n"
line:	.asciz "\r\n"
	.balign 16
table:	.quad 0, 0			# of INT 15h, AH=87h: from where, and to where
	.word 0xffff
to:	.word 0
	.byte 0, 0x93, 0, 0
	.word 0xffff
	.word (LOW + buffer - low) & 0xffff
	.byte LOW >> 16, 0x93, 0, 0
	.quad 0, 0
	.balign 16
buffer:	.space 64
lowend:

after:	.asciz "tagged image: after the first"
afterend:
high:	.asciz "tagged image: at 1 MiB"
	.space 0xf000, 'X'
highend:
above:	.asciz "tagged image: after 1 MiB"
abovend:
before:	.asciz "tagged image: before that"
beforend:
top:	.asciz "tagged image: at the end"
topend:
