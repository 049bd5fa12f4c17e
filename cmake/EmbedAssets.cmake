# tacit_embed(TARGET SYMBOL FILE): links FILE's bytes into TARGET through .incbin as SYMBOL_begin and SYMBOL_end.
enable_language(ASM)
function(tacit_embed target symbol file)
  get_filename_component(path ${file} ABSOLUTE)
  set(stub ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S)
  file(CONFIGURE OUTPUT ${stub} CONTENT ".section .rodata\n.global @symbol@_begin\n.global @symbol@_end\n.balign 16\n@symbol@_begin:\n.incbin \"@path@\"\n@symbol@_end:\n.byte 0\n.section .note.GNU-stack,\"\",@progbits\n" @ONLY)
  set_source_files_properties(${stub} PROPERTIES OBJECT_DEPENDS ${path} GENERATED TRUE)
  target_sources(${target} PRIVATE ${stub})
endfunction()
