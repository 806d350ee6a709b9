# The boot sector of a floppy disk: it says from which drive it was booted, and which
# geometry the BIOS says that has (INT 13h, function 8).
	.code16
	.globl _start
_start:
	cli
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %ss
	mov $0x7c00, %sp
	sti
	mov %dl, drive
	mov $text, %si
	call print
	mov drive, %al
	call number
	mov $0x08, %ah
	mov drive, %dl
	push %es
	int $0x13
	pop %es
	mov %dh, heads
	and $0x3f, %cl
	mov %cl, sectors
	mov $with, %si
	call print
	mov sectors, %al
	call number
	mov $on, %si
	call print
	mov heads, %al
	inc %al
	call number
	mov $end, %si
	call print
stop:	hlt
	jmp stop

print:	lodsb
	test %al, %al
	jz done
	call char
	jmp print
done:	ret

number:	xor %ah, %ah
	mov $10, %bl
	div %bl
	push %ax
	add $'0', %al
	call char
	pop %ax
	mov %ah, %al
	add $'0', %al
char:	mov $0x0e, %ah
	mov $7, %bx
	int $0x10
	ret

text:	.asciz "floppy: drive "
with:	.asciz ", sectors "
on:	.asciz ", heads "
end:	.asciz ", booted\r\n"
drive:	.byte 0
heads:	.byte 0
sectors: .byte 0
	.org 510
	.word 0xaa55
