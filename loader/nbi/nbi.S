/*
 * Starts a tagged image (NBI, "Draft Net Boot Image Proposal 0.3") that a loader took for
 * a Linux kernel: this is the setup part of a bzImage, and the file of the image lies at
 * 1 MiB as the rest of it. Spur reads the image's header and writes into the plan what is
 * to be done. Offsets are from the first byte, wherever that is in memory.
 */

#define KERNEL		0x100000	/* where loaders put what follows the setup part */
#define SIZE		0xc00		/* of this file; starter.go has the same */
#define STACK		0x1800

#define CODE32		0x08
#define CODE16		0x10
#define DATA16		0x18
#define FLATCODE	0x20
#define FLAT		0x28

/* One line of the plan. */
#define FROMEND		0
#define TO		4
#define FROM		8
#define FILELEN		12
#define MEMLEN		16
#define LINE		20

	.code16
	.text
	.globl _start
_start:
	/* The header of a kernel: Documentation/arch/x86/boot.rst of Linux. */
	.org	0x1f1
	.byte	SIZE / 512 - 1		/* setup_sects */
	.word	0			/* root_flags */
	.long	0			/* syssize, which Spur writes */
	.word	0			/* ram_size */
	.word	0xffff			/* vid_mode */
	.word	0			/* root_dev */
	.word	0xaa55
	.byte	0xeb, entry - 1f	/* jump */
1:	.ascii	"HdrS"
	.word	0x0204			/* version: syssize has 32 bits */
	.long	0			/* realmode_swtch */
	.word	0			/* start_sys_seg */
	.word	name - 0x200		/* kernel_version */
	.byte	0			/* type_of_loader */
	.byte	1			/* loadflags: LOADED_HIGH */
	.word	SIZE			/* setup_move_size */
	.long	KERNEL			/* code32_start */
	.long	0, 0			/* ramdisk_image, ramdisk_size */
	.long	0			/* bootsect_kludge */
	.word	0			/* heap_end_ptr */
	.word	0			/* ext_loader_ver, ext_loader_type */
	.long	0			/* cmd_line_ptr */
	.long	0x37ffffff		/* initrd_addr_max */

name:	.asciz	"Spur's starter of tagged images (NBI)"

	/* It goes to a place that no segment takes: to the second one where it lies at
	 * the first. */
entry:
	cli
	cld
	movw	%cs, %ax
	subw	$0x20, %ax
	movw	%ax, %ds
	movw	homes, %bx
	movw	%bx, %dx
	subw	%ax, %dx
	jnc	1f
	negw	%dx
1:	cmpw	$SIZE / 16, %dx
	jae	2f
	movw	homes + 2, %bx
2:	movw	%bx, %es
	xorw	%si, %si
	xorw	%di, %di
	movw	$SIZE / 4, %cx
	rep movsl
	movw	%bx, %ss
	movw	$STACK, %sp
	pushw	%bx
	pushw	$moved
	lretw

moved:
	movw	%cs, %ax
	movw	%ax, %ds
	movw	%ax, %es
	sti
	call	openA20
	call	findEnd
	movl	%eax, end
	movw	$noRoom, %si
	cmpl	need, %eax
	jb	fail

	/* Protected mode, where all of the memory can be reached. */
	cli
	xorl	%eax, %eax
	movw	%cs, %ax
	movw	%ax, back + 3
	shll	$4, %eax
	movl	%eax, %ebp
	movw	%ax, gdt + CODE32 + 2
	movw	%ax, gdt + CODE16 + 2
	movw	%ax, gdt + DATA16 + 2
	shrl	$16, %eax
	movb	%al, gdt + CODE32 + 4
	movb	%al, gdt + CODE16 + 4
	movb	%al, gdt + DATA16 + 4
	leal	gdt(%ebp), %eax
	movl	%eax, gdtr + 2
	lgdtl	gdtr
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpw	$CODE32, $protected

	.code32
protected:
	movl	$FLAT, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	leal	STACK(%ebp), %esp

	/* The file goes out of the way of the segments. */
	movl	$KERNEL, %esi
	movl	stage(%ebp), %edi
	cmpl	%esi, %edi
	je	1f
	movl	size(%ebp), %ecx
	rep movsb

	/* All is zeroed before anything is copied: what one segment has to be zero may
	 * be where another one's bytes go, and Etherboot does it in this order. */
1:	leal	plan(%ebp), %ebx
	movl	count(%ebp), %edx
2:	movl	TO(%ebx), %edi
	cmpl	$0, FROMEND(%ebx)
	je	3f
	addl	end(%ebp), %edi
	movl	%edi, TO(%ebx)
3:	movl	MEMLEN(%ebx), %ecx
	xorl	%eax, %eax
	rep stosb
	addl	$LINE, %ebx
	decl	%edx
	jnz	2b

	leal	plan(%ebp), %ebx
	movl	count(%ebp), %edx
4:	movl	FROM(%ebx), %esi
	addl	stage(%ebp), %esi
	movl	TO(%ebx), %edi
	movl	FILELEN(%ebx), %ecx
	rep movsb
	addl	$LINE, %ebx
	decl	%edx
	jnz	4b

	cmpl	$0, linear(%ebp)
	jne	5f
	ljmpl	$CODE16, $leave

	/* A program of 32 bits is called as Etherboot does it: with what the loader is,
	 * the header and the BOOTP record, by linear addresses, in flat segments. */
5:	leal	record(%ebp), %eax
	pushl	%eax
	movzwl	location + 2(%ebp), %eax
	shll	$4, %eax
	movzwl	location(%ebp), %ecx
	addl	%ecx, %eax
	pushl	%eax
	leal	info(%ebp), %eax
	pushl	%eax
	leal	6f(%ebp), %eax
	pushl	$FLATCODE
	pushl	%eax
	lretl
6:	calll	*execute(%ebp)
	cli
	lgdtl	gdtr(%ebp)
	ljmpl	$CODE16, $leaveReturned

	.code16
leaveReturned:
	movw	$returned, %bx
	jmp	1f
leave:
	movw	$call16, %bx
1:	movw	$DATA16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %fs
	movw	%ax, %gs
	movl	%cr0, %eax
	andb	$0xfe, %al
	movl	%eax, %cr0
back:	ljmpw	$0, $real
real:
	movw	%cs, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movw	$STACK, %sp
	sti
	jmpw	*%bx

	/* The program finds behind its return address where the header and the BOOTP
	 * record are. */
call16:
	pushw	%cs
	pushw	$record
	pushl	location
	lcallw	*execute
returned:
	movw	%cs, %ax
	movw	%ax, %ds
	movw	$ended, %si

	/* Says a text, and has the BIOS go on to its next boot device. */
fail:
	movw	$0x0007, %bx
	cld
1:	lodsb
	testb	%al, %al
	jz	2f
	movb	$0x0e, %ah
	int	$0x10
	jmp	1b
2:	int	$0x18
3:	hlt
	jmp	3b

	/* Linear addresses have more than 20 bits with A20 open, by the BIOS or by the
	 * chipset's port; whoever loaded the kernel may have closed it again. */
openA20:
	call	isOpen
	jne	2f
	movw	$0x2401, %ax
	int	$0x15
	call	isOpen
	jne	2f
	inb	$0x92, %al
	orb	$2, %al
	andb	$0xfe, %al
	outb	%al, $0x92
	xorw	%cx, %cx
1:	call	isOpen
	jne	2f
	inb	$0x80, %al
	loop	1b
	movw	$noA20, %si
	jmp	fail
2:	ret

	/* Not equal where it is open: then what is written below 1 MiB (into 16 bytes
	 * there that are for whoever runs) isn't found 1 MiB above. */
isOpen:
	xorw	%ax, %ax
	movw	%ax, %fs
	decw	%ax
	movw	%ax, %gs
	movw	%gs:0x500, %ax
	notw	%ax
	movw	%fs:0x4f0, %dx
	movw	%ax, %fs:0x4f0
	movw	%gs:0x500, %bx
	movw	%dx, %fs:0x4f0
	cmpw	%ax, %bx
	ret

	/* The end of memory below 4 GiB, in EAX. */
findEnd:
	movw	$0xe801, %ax
	xorw	%cx, %cx
	xorw	%dx, %dx
	int	$0x15
	jc	2f
	testw	%cx, %cx
	jz	1f
	movw	%cx, %ax
	movw	%dx, %bx
1:	cmpw	$0x3c00, %ax
	jb	3f
	movzwl	%bx, %eax
	shll	$16, %eax
	addl	$0x1000000, %eax
	ret
2:	movb	$0x88, %ah
	int	$0x15
3:	movzwl	%ax, %eax
	shll	$10, %eax
	addl	$KERNEL, %eax
	ret

noA20:	.asciz	"The image can't be started: line A20 stays closed.\r\n"
noRoom:	.asciz	"The image can't be started: the machine has too little memory.\r\n"
ended:	.asciz	"The image has ended.\r\n"

	.balign	8
gdt:	.quad	0
	.quad	0x00409a000000ffff	/* CODE32, from here on */
	.quad	0x00009a000000ffff	/* CODE16, likewise */
	.quad	0x000092000000ffff	/* DATA16, likewise */
	.quad	0x00cf9a000000ffff	/* FLATCODE, of all memory */
	.quad	0x00cf92000000ffff	/* FLAT, likewise */
gdtr:	.word	. - gdt - 1
	.long	0
end:	.long	0
info:	.byte	0, 0			/* Etherboot's struct ebinfo: version, and flags */
	.word	0

	/* The plan, which Spur writes (starter.go). */
	.org	0x600
	.ascii	"SpurNBI1"
homes:	.word	0, 0			/* segments to which this may go */
size:	.long	0			/* of the file */
stage:	.long	0			/* where the file goes before its segments do */
need:	.long	0			/* how much memory there must be */
location: .long	0			/* of the header: offset, segment */
execute: .long	0
linear:	.long	0			/* execute is a linear address, of 32-bit code */
count:	.long	0
plan:
	.org	0xa00
record:					/* the BOOTP record, of 300 bytes */
	.org	SIZE
