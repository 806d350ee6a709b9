# A kernel of the Multiboot Specification, 0.6.96 and 2.0, that prints on the first serial
# port what it was started with: its command line, and of each module its text and its
# content. It stands for the kernels of people who write operating systems.
#
#	as --32 -o kernel.o kernel.s
#	ld -n -m elf_i386 -Ttext 0x100000 -o kernel kernel.o
#
# With --defsym TEXT=1 it prints another line at the end, as after a change.

	.intel_syntax noprefix
	.code32
	.text

	.align 8
header2:
	.long 0xe85250d6		# magic of version 2
	.long 0				# 32 bits
	.long header2end - header2
	.long -(0xe85250d6 + 0 + (header2end - header2))
	.short 0, 0			# no more tags
	.long 8
header2end:

	.align 4
	.long 0x1badb002		# magic
	.long 2				# memory is to be told
	.long -(0x1badb002 + 2)		# all three are 0 together

	.global _start
_start:
	mov esp, offset stack
	mov ebp, ebx			# the information of the loader
	cmp eax, 0x36d76289
	je second
	mov esi, offset begin
	call print
	test dword ptr [ebp], 4		# has it a command line?
	jz modules
	mov esi, [ebp + 16]
	call print
modules:
	call newline
	test dword ptr [ebp], 8		# has it modules?
	jz end
	mov ecx, [ebp + 20]
	mov edi, [ebp + 24]
module:
	test ecx, ecx
	jz end
	mov esi, offset text
	call print
	mov esi, [edi + 8]
	call print
	mov esi, [edi]
	mov edx, [edi + 4]
	call content
	add edi, 16
	dec ecx
	jmp module

second:					# the information is a list of tags
	mov edi, ebp
	add edi, 8
tag:
	mov eax, [edi]
	cmp eax, 0
	je end
	cmp eax, 1
	je line2
	cmp eax, 3
	je module2
tagnext:
	mov eax, [edi + 4]
	add eax, 7
	and eax, -8
	add edi, eax
	jmp tag
line2:
	mov esi, offset begin2
	call print
	lea esi, [edi + 8]
	call print
	call newline
	jmp tagnext
module2:
	mov esi, offset text
	call print
	lea esi, [edi + 16]
	call print
	mov esi, [edi + 8]
	mov edx, [edi + 12]
	call content
	jmp tagnext

end:
	mov esi, offset done
	call print
stop:
	hlt
	jmp stop

content:				# from esi to edx
	push esi
	mov esi, offset has
	call print
	pop esi
each:
	cmp esi, edx
	jae newline
	mov al, [esi]
	inc esi
	call put
	jmp each

newline:
	mov esi, offset line
print:					# the text at esi
	mov al, [esi]
	test al, al
	jz printed
	inc esi
	call put
	jmp print
printed:
	ret

put:					# the character in al
	push edx
	push eax
	mov edx, 0x3fd
busy:
	in al, dx
	test al, 0x20
	jz busy
	pop eax
	mov edx, 0x3f8
	out dx, al
	pop edx
	ret

begin:	.asciz "multiboot kernel: "
begin2:	.asciz "multiboot2 kernel: "
text:	.asciz "module: "
has:	.asciz " has "
line:	.asciz "\r\n"
.ifdef TEXT
done:	.asciz "multiboot kernel: changed\r\n"
.else
done:	.asciz "multiboot kernel: done\r\n"
.endif

	.bss
	.align 16
	.skip 4096
stack:
