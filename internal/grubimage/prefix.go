package grubimage

import (
	"encoding/hex"
	"strings"
)

// instruction is a line of assembly and what the processor is given for it; a label
// has no bytes.
type instruction struct{ text, bytes string }

// prefix is what a ROM loads to 0:7C00 and jumps to. It goes on to GRUB at 0:8200 as
// pxeboot.S does, with the number in dl by which GRUB knows that it was started by PXE.
//
// Before that it asks the ROM for the reply that named the boot file (PXE 2.1 section
// 3.3.3, PXENV_GET_CACHED_INFO, packet 3) and for the acknowledgement of the address
// (packet 2), both where the ROM itself keeps them, and copies the server (siaddr, at
// 20), its name (at 44) and the file (at 108) from the first to the second. Nothing is
// copied from a reply that names no server and no file. The ROM's structure !PXE, whose
// address is on the stack behind the return address (section 4.4.5), has the ROM's
// entry point at 16.
func prefix() []byte {
	var code []byte
	for _, i := range prefixCode() {
		b, err := hex.DecodeString(strings.ReplaceAll(i.bytes, " ", ""))
		if err != nil {
			panic("grubimage: " + i.text + ": " + err.Error()) // a mistake in the table
		}
		code = append(code, b...)
	}
	return append(code, ProxyMark...)
}

// prefixCode runs in real mode. At 0x7f00 it keeps what it tells the ROM (Status,
// PacketType, BufferSize, Buffer), at 0x7f10 the ROM's entry point.
func prefixCode() []instruction {
	return []instruction{
		{"jmp 0:0x7c05", "ea 05 7c 00 00"},
		{"pusha", "60"},
		{"push ds", "1e"},
		{"push es", "06"},
		{"xor ax, ax", "31 c0"},
		{"mov ds, ax", "8e d8"},
		{"cld", "fc"},
		{"mov bp, sp", "89 e5"},
		{"les di, [bp + 24]", "c4 7e 18"},
		{"cmp dword ptr es:[di], 0x45585021", "26 66 81 3d 21 50 58 45"},
		{"jne done", "75 46"},
		{"mov eax, es:[di + 16]", "26 66 8b 45 10"},
		{"mov [0x7f10], eax", "66 a3 10 7f"},
		{"mov bx, 3", "bb 03 00"},
		{"call cached", "e8 41 00"},
		{"jc done", "72 35"},
		{"cmp byte ptr es:[di], 2", "26 80 3d 02"},
		{"jne done", "75 2f"},
		{"cmp byte ptr es:[di + 108], 0", "26 80 7d 6c 00"},
		{"je done", "74 28"},
		{"cmp dword ptr es:[di + 20], 0", "26 66 83 7d 14 00"},
		{"je done", "74 20"},
		{"push es", "06"},
		{"push di", "57"},
		{"mov bx, 2", "bb 02 00"},
		{"call cached", "e8 22 00"},
		{"pop si", "5e"},
		{"pop ds", "1f"},
		{"jc done", "72 14"},
		{"mov eax, [si + 20]", "66 8b 44 14"},
		{"mov es:[di + 20], eax", "26 66 89 45 14"},
		{"add si, 44", "83 c6 2c"},
		{"add di, 44", "83 c7 2c"},
		{"mov cx, 192", "b9 c0 00"},
		{"rep movsb", "f3 a4"},
		{"done:", ""},
		{"pop es", "07"},
		{"pop ds", "1f"},
		{"popa", "61"},
		{"mov dl, 0x7f", "b2 7f"},
		{"jmp 0:0x8200", "ea 00 82 00 00"},
		{"cached:", ""},
		{"xor ax, ax", "31 c0"},
		{"mov ds, ax", "8e d8"},
		{"mov [0x7f00], ax", "a3 00 7f"},
		{"mov [0x7f02], bx", "89 1e 02 7f"},
		{"mov [0x7f04], ax", "a3 04 7f"},
		{"mov [0x7f06], ax", "a3 06 7f"},
		{"mov [0x7f08], ax", "a3 08 7f"},
		{"push ax", "50"},
		{"push 0x7f00", "68 00 7f"},
		{"push 0x71", "6a 71"},
		{"call dword ptr [0x7f10]", "ff 1e 10 7f"},
		{"add sp, 6", "83 c4 06"},
		{"les di, [0x7f06]", "c4 3e 06 7f"},
		{"cmp ax, 1", "83 f8 01"},
		{"cmc", "f5"},
		{"ret", "c3"},
	}
}
