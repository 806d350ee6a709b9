package enroll

import (
	"encoding/hex"
	"strings"
)

// instruction is a line of assembly and what the processor is given for it; a label
// has no bytes.
type instruction struct{ text, bytes string }

// assemble joins the bytes of instructions.
func assemble(all []instruction) []byte {
	var code []byte
	for _, i := range all {
		b, err := hex.DecodeString(strings.ReplaceAll(i.bytes, " ", ""))
		if err != nil {
			panic("enroll: " + i.text + ": " + err.Error()) // a mistake in the tables below
		}
		code = append(code, b...)
	}
	return code
}

// Both programs do the same. The second argument is the system table (UEFI 2.10
// section 4.3), which has ConOut at 64, the runtime services at 88 and the boot
// services at 96; ClearScreen and OutputString are at 48 and 8 of ConOut, SetVariable
// and ResetSystem at 88 and 104 of the runtime services, Stall is at 248 of the boot
// services.

// codeX64 keeps the system table in rbx, the data in rdi and the record that it is at
// in rsi. Calls go by Microsoft's convention (section 2.3.4.2).
func codeX64() []instruction {
	return []instruction{
		{"push rbx", "53"},
		{"push rsi", "56"},
		{"push rdi", "57"},
		{"push r12", "41 54"},
		{"sub rsp, 0x38", "48 83 ec 38"},
		{"mov rbx, rdx", "48 89 d3"},
		{"lea rdi, [rip + 0xfed]", "48 8d 3d ed 0f 00 00"},
		{"mov rsi, rdi", "48 89 fe"},
		{"mov rcx, [rbx + 64]", "48 8b 4b 40"},
		{"call [rcx + 48]", "ff 51 30"},
		{"next:", ""},
		{"mov eax, [rsi]", "8b 06"},
		{"test eax, eax", "85 c0"},
		{"jz done", "74 75"},
		{"cmp eax, 1", "83 f8 01"},
		{"jne variable", "75 13"},
		{"mov edx, [rsi + 4]", "8b 56 04"},
		{"add rdx, rdi", "48 01 fa"},
		{"mov rcx, [rbx + 64]", "48 8b 4b 40"},
		{"call [rcx + 8]", "ff 51 08"},
		{"add rsi, 8", "48 83 c6 08"},
		{"jmp next", "eb e2"},
		{"variable:", ""},
		{"mov ecx, [rsi + 4]", "8b 4e 04"},
		{"add rcx, rdi", "48 01 f9"},
		{"mov edx, [rsi + 8]", "8b 56 08"},
		{"add rdx, rdi", "48 01 fa"},
		{"mov r8d, [rsi + 12]", "44 8b 46 0c"},
		{"mov eax, [rsi + 16]", "8b 46 10"},
		{"add rax, rdi", "48 01 f8"},
		{"mov [rsp + 32], rax", "48 89 44 24 20"},
		{"mov r9d, [rsi + 20]", "44 8b 4e 14"},
		{"mov rax, [rbx + 88]", "48 8b 43 58"},
		{"call [rax + 88]", "ff 50 58"},
		{"test rax, rax", "48 85 c0"},
		{"jnz failed", "75 06"},
		{"add rsi, 28", "48 83 c6 1c"},
		{"jmp next", "eb b1"},
		{"failed:", ""},
		{"mov r12, rax", "49 89 c4"},
		{"mov edx, [rsi + 24]", "8b 56 18"},
		{"add rdx, rdi", "48 01 fa"},
		{"mov rcx, [rbx + 64]", "48 8b 4b 40"},
		{"call [rcx + 8]", "ff 51 08"},
		{"mov ecx, 60000000", "b9 00 87 93 03"},
		{"mov rax, [rbx + 96]", "48 8b 43 60"},
		{"call [rax + 248]", "ff 90 f8 00 00 00"},
		{"mov rax, r12", "4c 89 e0"},
		{"add rsp, 0x38", "48 83 c4 38"},
		{"pop r12", "41 5c"},
		{"pop rdi", "5f"},
		{"pop rsi", "5e"},
		{"pop rbx", "5b"},
		{"ret", "c3"},
		{"done:", ""},
		{"mov ecx, 10000000", "b9 80 96 98 00"},
		{"mov rax, [rbx + 96]", "48 8b 43 60"},
		{"call [rax + 248]", "ff 90 f8 00 00 00"},
		{"xor ecx, ecx", "31 c9"},
		{"xor edx, edx", "31 d2"},
		{"xor r8d, r8d", "45 31 c0"},
		{"xor r9d, r9d", "45 31 c9"},
		{"mov rax, [rbx + 88]", "48 8b 43 58"},
		{"call [rax + 104]", "ff 50 68"},
		{"stop:", ""},
		{"jmp stop", "eb fe"},
	}
}

// codeARM64 keeps the system table in x19, the data in x20 and the record that it is
// at in x21. Calls go by the AAPCS64 (section 2.3.6.2).
func codeARM64() []instruction {
	return []instruction{
		{"stp x29, x30, [sp, #-48]!", "fd 7b bd a9"},
		{"stp x19, x20, [sp, #16]", "f3 53 01 a9"},
		{"stp x21, x22, [sp, #32]", "f5 5b 02 a9"},
		{"mov x19, x1", "f3 03 01 aa"},
		{"adr x20, . + 0xff0", "94 7f 00 10"},
		{"mov x21, x20", "f5 03 14 aa"},
		{"ldr x0, [x19, #64]", "60 22 40 f9"},
		{"ldr x9, [x0, #48]", "09 18 40 f9"},
		{"blr x9", "20 01 3f d6"},
		{"next:", ""},
		{"ldr w9, [x21]", "a9 02 40 b9"},
		{"cbz w9, done", "09 05 00 34"},
		{"cmp w9, #1", "3f 05 00 71"},
		{"b.ne variable", "01 01 00 54"},
		{"ldr w1, [x21, #4]", "a1 06 40 b9"},
		{"add x1, x20, x1", "81 02 01 8b"},
		{"ldr x0, [x19, #64]", "60 22 40 f9"},
		{"ldr x9, [x0, #8]", "09 04 40 f9"},
		{"blr x9", "20 01 3f d6"},
		{"add x21, x21, #8", "b5 22 00 91"},
		{"b next", "f6 ff ff 17"},
		{"variable:", ""},
		{"ldr w0, [x21, #4]", "a0 06 40 b9"},
		{"add x0, x20, x0", "80 02 00 8b"},
		{"ldr w1, [x21, #8]", "a1 0a 40 b9"},
		{"add x1, x20, x1", "81 02 01 8b"},
		{"ldr w2, [x21, #12]", "a2 0e 40 b9"},
		{"ldr w4, [x21, #16]", "a4 12 40 b9"},
		{"add x4, x20, x4", "84 02 04 8b"},
		{"ldr w3, [x21, #20]", "a3 16 40 b9"},
		{"ldr x9, [x19, #88]", "69 2e 40 f9"},
		{"ldr x9, [x9, #88]", "29 2d 40 f9"},
		{"blr x9", "20 01 3f d6"},
		{"cbnz x0, failed", "60 00 00 b5"},
		{"add x21, x21, #28", "b5 72 00 91"},
		{"b next", "e8 ff ff 17"},
		{"failed:", ""},
		{"mov x22, x0", "f6 03 00 aa"},
		{"ldr w1, [x21, #24]", "a1 1a 40 b9"},
		{"add x1, x20, x1", "81 02 01 8b"},
		{"ldr x0, [x19, #64]", "60 22 40 f9"},
		{"ldr x9, [x0, #8]", "09 04 40 f9"},
		{"blr x9", "20 01 3f d6"},
		{"mov w0, #0x8700", "00 e0 90 52"},
		{"movk w0, #0x393, lsl #16", "60 72 a0 72"},
		{"ldr x9, [x19, #96]", "69 32 40 f9"},
		{"ldr x9, [x9, #248]", "29 7d 40 f9"},
		{"blr x9", "20 01 3f d6"},
		{"mov x0, x22", "e0 03 16 aa"},
		{"ldp x21, x22, [sp, #32]", "f5 5b 42 a9"},
		{"ldp x19, x20, [sp, #16]", "f3 53 41 a9"},
		{"ldp x29, x30, [sp], #48", "fd 7b c3 a8"},
		{"ret", "c0 03 5f d6"},
		{"done:", ""},
		{"mov w0, #0x9680", "00 d0 92 52"},
		{"movk w0, #0x98, lsl #16", "00 13 a0 72"},
		{"ldr x9, [x19, #96]", "69 32 40 f9"},
		{"ldr x9, [x9, #248]", "29 7d 40 f9"},
		{"blr x9", "20 01 3f d6"},
		{"mov x0, #0", "00 00 80 d2"},
		{"mov x1, #0", "01 00 80 d2"},
		{"mov x2, #0", "02 00 80 d2"},
		{"mov x3, #0", "03 00 80 d2"},
		{"ldr x9, [x19, #88]", "69 2e 40 f9"},
		{"ldr x9, [x9, #104]", "29 35 40 f9"},
		{"blr x9", "20 01 3f d6"},
		{"stop:", ""},
		{"b stop", "00 00 00 14"},
	}
}
