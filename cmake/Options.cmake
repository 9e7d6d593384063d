# Flags that hold for our own code only (third-party headers are SYSTEM).
add_library(yanxing_flags INTERFACE)
target_compile_options(yanxing_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       -Wold-style-cast -Wcast-align -Woverloaded-virtual -Wformat=2 -Werror
                       -Wno-restrict) # g++ 12: false positive on std::string operator+ (GCC bug 105651)
target_include_directories(yanxing_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(YANXING_SANITIZE)
  target_compile_options(yanxing_flags INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer
                         -fno-sanitize-recover=undefined)
  target_link_options(yanxing_flags INTERFACE -fsanitize=address,undefined)
  # g++ 12 reports false positives from inside the standard library once sanitizers are on.
  target_compile_options(yanxing_flags INTERFACE -Wno-error=maybe-uninitialized)
endif()
find_program(CCACHE ccache)
if(CCACHE) # one cache for every checkout: no path of one may be in a command or an object
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
