# What scripts/setup.sh built or unpacked into the cache (-DYANXING_DEPS), and Debian's libraries.
set(YANXING_DEPS "$ENV{YANXING_DEPS}" CACHE PATH "third-party parts, as 'scripts/setup.sh --print-deps' tells")
if(NOT EXISTS ${YANXING_DEPS}/include/llama.h)
  message(FATAL_ERROR "third-party parts are missing in '${YANXING_DEPS}'. Run scripts/setup.sh first")
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)

function(yanxing_static name)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${YANXING_DEPS}/lib/lib${name}.a
                        INTERFACE_INCLUDE_DIRECTORIES ${YANXING_DEPS}/include)
endfunction()
foreach(part ggml-base ggml-cpu ggml whisper llama mtmd)
  yanxing_static(${part})
endforeach()
target_link_libraries(ggml-base INTERFACE Threads::Threads m ${CMAKE_DL_LIBS})
target_link_libraries(ggml-cpu INTERFACE ggml-base OpenMP::OpenMP_CXX)
target_link_libraries(ggml INTERFACE ggml-cpu ggml-base)
target_link_libraries(whisper INTERFACE ggml)
target_link_libraries(llama INTERFACE ggml)
target_link_libraries(mtmd INTERFACE llama)

# Only the library comes in a package, not its headers: src/onnx/ declares what it uses of the C ABI (docs/adr).
add_library(onnxruntime SHARED IMPORTED GLOBAL)
set_target_properties(onnxruntime PROPERTIES IMPORTED_LOCATION ${YANXING_DEPS}/lib/libonnxruntime.so
                      IMPORTED_NO_SONAME ON)
set(CMAKE_BUILD_RPATH ${YANXING_DEPS}/lib)
set(CMAKE_INSTALL_RPATH $ORIGIN/../lib)

pkg_check_modules(desktop REQUIRED IMPORTED_TARGET atspi-2 xcb xcb-xtest xcb-shm xcb-randr xcb-keysyms gio-2.0)
pkg_check_modules(portaudio REQUIRED IMPORTED_TARGET portaudio-2.0)
pkg_check_modules(sound REQUIRED IMPORTED_TARGET sndfile samplerate)
pkg_check_modules(opencc REQUIRED IMPORTED_TARGET opencc)
pkg_check_modules(espeak REQUIRED IMPORTED_TARGET espeak-ng)
pkg_check_modules(picture REQUIRED IMPORTED_TARGET gdk-pixbuf-2.0 cairo pangocairo)
pkg_check_modules(acting REQUIRED IMPORTED_TARGET libcurl xlsxwriter libmosquitto zlib)
pkg_check_modules(fetching REQUIRED IMPORTED_TARGET libcurl libarchive openssl)
