/* The jq process's executable inside the library (module/shape/helper.h). TROTLINE_JQ is its path, from CMake. */
    .section .rodata
    .global trotline_jq_begin
    .global trotline_jq_end
    .hidden trotline_jq_begin
    .hidden trotline_jq_end
    .balign 16
trotline_jq_begin:
    .incbin TROTLINE_JQ
trotline_jq_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
