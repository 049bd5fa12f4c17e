# One interface target that every module links: warnings, hardening and always-on library assertions.
add_library(tacit_flags INTERFACE)
target_compile_options(tacit_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wundef
  -fstack-protector-strong -fno-omit-frame-pointer)
target_compile_definitions(tacit_flags INTERFACE _GLIBCXX_ASSERTIONS)
target_include_directories(tacit_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(TACIT_WERROR)
  target_compile_options(tacit_flags INTERFACE -Werror)
endif()
find_program(TACIT_MOLD mold)
if(TACIT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(TACIT_CCACHE ccache)
if(TACIT_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${TACIT_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TACIT_CCACHE})
endif()
