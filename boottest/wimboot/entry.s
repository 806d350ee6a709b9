# Where the prefix goes, at 1 MiB.
	.code32
	.text
	.globl entry
entry:
	movw $16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $0x90000, %esp
	pushl %ebx
	pushl %edi
	pushl %esi
	call show
1:	hlt
	jmp 1b
