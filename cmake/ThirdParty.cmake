# Outside libraries: Debian packages by name, pinned assets from the folder that tools/assets fills.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
# Debian's dnnl-config.cmake asks for OpenCL headers that a CPU build never includes, so the library is named here.
find_library(TACIT_DNNL dnnl REQUIRED)
find_path(TACIT_DNNL_INCLUDE dnnl.hpp REQUIRED)
add_library(DNNL::dnnl UNKNOWN IMPORTED)
set_target_properties(DNNL::dnnl PROPERTIES IMPORTED_LOCATION ${TACIT_DNNL}
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${TACIT_DNNL_INCLUDE})
find_package(Boost 1.81 REQUIRED)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(hs REQUIRED IMPORTED_TARGET libhs)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)

# The fetched assets (assets.lock says which). Only SQLite is needed to build.
set(TACIT_ASSETS "$ENV{TACIT_ASSETS}" CACHE PATH "Folder of fetched assets; default: where tools/assets puts them")
if(NOT TACIT_ASSETS)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/assets where OUTPUT_VARIABLE _where
    OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _rc)
  if(_rc EQUAL 0)
    set(TACIT_ASSETS "${_where}")
  endif()
endif()
set(_sqlite ${TACIT_ASSETS}/sqlite)
if(NOT EXISTS ${_sqlite}/sqlite3.c)
  message(FATAL_ERROR "The SQLite amalgamation is missing in ${_sqlite}: run tools/assets fetch (needs npm once).")
endif()
add_library(sqlite3_pinned STATIC ${_sqlite}/sqlite3.c)
target_include_directories(sqlite3_pinned SYSTEM PUBLIC ${_sqlite})
target_compile_options(sqlite3_pinned PRIVATE -w -O2)
target_compile_definitions(sqlite3_pinned PRIVATE
  SQLITE_ENABLE_FTS5 SQLITE_THREADSAFE=2 SQLITE_DQS=0 SQLITE_DEFAULT_SYNCHRONOUS=2
  SQLITE_DEFAULT_WAL_SYNCHRONOUS=2 SQLITE_SECURE_DELETE SQLITE_OMIT_DEPRECATED
  SQLITE_OMIT_LOAD_EXTENSION SQLITE_DEFAULT_MEMSTATUS=0 SQLITE_LIKE_DOESNT_MATCH_BLOBS
  SQLITE_OMIT_SHARED_CACHE SQLITE_TEMP_STORE=2 SQLITE_ENABLE_DBSTAT_VTAB
  HAVE_FDATASYNC)  # a commit syncs bytes and size, not the time of change
target_link_libraries(sqlite3_pinned PUBLIC Threads::Threads ${CMAKE_DL_LIBS} m)
