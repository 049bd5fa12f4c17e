# Sanitizers apply to our own code; third-party C compiled here (SQLite) is left plain for speed.
if(TACIT_SANITIZE)
  # A finding ends the program: a test that only prints one would pass.
  target_compile_options(tacit_flags INTERFACE -fsanitize=${TACIT_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tacit_flags INTERFACE -fsanitize=${TACIT_SANITIZE})
  if(TACIT_SANITIZE MATCHES "thread")
    # GCC cannot model the fences that Asio uses.
    target_compile_definitions(tacit_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    target_compile_options(tacit_flags INTERFACE -Wno-tsan)
  endif()
endif()
