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
foreach(part ggml-base ggml-cpu ggml whisper llama mtmd llama-common-base llama-common server-context cpp-httplib
        vendor-hash)
  yanxing_static(${part})
endforeach()
target_link_libraries(ggml-base INTERFACE Threads::Threads OpenMP::OpenMP_CXX m ${CMAKE_DL_LIBS})
target_link_libraries(ggml-cpu INTERFACE ggml-base OpenMP::OpenMP_CXX)
target_link_libraries(ggml INTERFACE ggml-cpu ggml-base)
target_link_libraries(whisper INTERFACE ggml)
# What a type of buffer of its CPU device needs to know (src/llm/packed_weights.cc): no public interface of ggml.
add_library(ggml-internal INTERFACE IMPORTED GLOBAL)
target_link_libraries(ggml-internal INTERFACE ggml)
target_include_directories(ggml-internal SYSTEM INTERFACE ${YANXING_DEPS}/include/ggml-internal)
target_link_libraries(llama INTERFACE ggml)
target_link_libraries(mtmd INTERFACE llama vendor-hash)
find_package(OpenSSL REQUIRED)
target_link_libraries(cpp-httplib INTERFACE OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_compile_definitions(cpp-httplib INTERFACE CPPHTTPLIB_OPENSSL_SUPPORT) # its classes have other members without
target_link_libraries(llama-common INTERFACE llama-common-base llama cpp-httplib)
target_link_libraries(server-context INTERFACE llama-common mtmd)
# The core of llama.cpp's server, with its HTTP library. Headers in a folder of their own, and not ours to warn about.
add_library(llama-server INTERFACE IMPORTED GLOBAL)
target_link_libraries(llama-server INTERFACE server-context cpp-httplib)
target_include_directories(llama-server SYSTEM INTERFACE ${YANXING_DEPS}/include/llama-server)

# Only the library comes in a package, not its headers: src/onnx/ declares what it uses of the C ABI (docs/adr).
add_library(onnxruntime SHARED IMPORTED GLOBAL)
set_target_properties(onnxruntime PROPERTIES IMPORTED_LOCATION ${YANXING_DEPS}/lib/libonnxruntime.so
                      IMPORTED_NO_SONAME ON)
set(CMAKE_BUILD_RPATH ${YANXING_DEPS}/lib)
set(CMAKE_INSTALL_RPATH $ORIGIN/../lib)

pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(desktop REQUIRED IMPORTED_TARGET atspi-2 xcb xcb-xtest xcb-shm xcb-randr xcb-keysyms gio-2.0)
pkg_check_modules(portaudio REQUIRED IMPORTED_TARGET portaudio-2.0)
pkg_check_modules(sound REQUIRED IMPORTED_TARGET sndfile samplerate)
pkg_check_modules(opencc REQUIRED IMPORTED_TARGET opencc)
pkg_check_modules(espeak REQUIRED IMPORTED_TARGET espeak-ng)
pkg_check_modules(picture REQUIRED IMPORTED_TARGET gdk-pixbuf-2.0 cairo pangocairo)
pkg_check_modules(acting REQUIRED IMPORTED_TARGET libcurl xlsxwriter libmosquitto zlib)
pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(fetching REQUIRED IMPORTED_TARGET libcurl libarchive openssl)

# libtorch, unpacked by scripts/setup.sh --train beside the other parts. Linked without the wheel's own CMake package,
# which would ask for CUDA. Its libraries have the new string ABI.
file(SHA256 ${CMAKE_SOURCE_DIR}/scripts/third_party_train.txt torch_key)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/scripts/third_party_train.txt)
string(SUBSTRING ${torch_key} 0 16 torch_key)
cmake_path(SET YANXING_TORCH NORMALIZE ${YANXING_DEPS}/../torch-${torch_key})
set(torch_is_there OFF)
if(EXISTS ${YANXING_TORCH}/lib/libtorch_cpu.so)
  set(torch_is_there ON)
endif()
option(YANXING_TRAIN "build the rooms that need libtorch (nn, train)" ${torch_is_there})
if(YANXING_TRAIN)
  if(NOT torch_is_there)
    message(FATAL_ERROR "libtorch is missing (${YANXING_TORCH}). Run scripts/setup.sh --train, or configure with "
                        "-DYANXING_TRAIN=OFF")
  endif()
  foreach(part c10 torch_cpu)
    add_library(${part} SHARED IMPORTED GLOBAL)
    set_target_properties(${part} PROPERTIES IMPORTED_LOCATION ${YANXING_TORCH}/lib/lib${part}.so
                          INTERFACE_INCLUDE_DIRECTORIES ${YANXING_TORCH}/include)
  endforeach()
  add_library(torch INTERFACE IMPORTED GLOBAL)
  target_link_libraries(torch INTERFACE torch_cpu c10)
  target_compile_definitions(torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
  list(APPEND CMAKE_BUILD_RPATH ${YANXING_TORCH}/lib)
endif()
