# A multiboot kernel (Multiboot Specification 0.6.96) that prints on the first serial
# port what it was started with: its command line, and of each module its text and its
# content. It stands for a booter of Darwin's on a PC, which mboot.c32 starts.
#
#	as --32 -o kernel.o kernel.s
#	ld -n -m elf_i386 -Ttext 0x100000 -o kernel kernel.o

	.intel_syntax noprefix
	.code32
	.text

	.align 4
	.long 0x1badb002		# magic
	.long 2				# memory is to be told
	.long -(0x1badb002 + 2)		# all three are 0 together

	.global _start
_start:
	mov esp, offset stack
	mov ebp, ebx			# the information of the loader
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
	mov esi, offset content
	call print
	mov esi, [edi]
	mov edx, [edi + 4]
each:
	cmp esi, edx
	jae next
	mov al, [esi]
	inc esi
	call put
	jmp each
next:
	call newline
	add edi, 16
	dec ecx
	jmp module
end:
	mov esi, offset done
	call print
stop:
	hlt
	jmp stop

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
text:	.asciz "module: "
content: .asciz " has "
line:	.asciz "\r\n"
done:	.asciz "multiboot kernel: done\r\n"

	.bss
	.align 16
	.skip 4096
stack:
