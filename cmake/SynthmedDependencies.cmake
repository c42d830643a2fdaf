# What the components need. A missing package turns its component off with one line that says what to install.

# synthmed_component(NAME VARIABLE INSTALL condition...): sets VARIABLE to the condition and says so when it is false.
function(synthmed_component name variable install)
  if(${ARGN})
    set(${variable} ON PARENT_SCOPE)
  else()
    set(${variable} OFF PARENT_SCOPE)
    message(STATUS "synthmed: component ${name} is off; to turn it on: apt-get install ${install}")
  endif()
endfunction()

find_package(Boost 1.74 QUIET)
if(NOT Boost_FOUND)
  message(FATAL_ERROR "synthmed needs Boost.Hana: apt-get install libboost-dev")
endif()

# g++ builds are parallel; clang's OpenMP runtime and the one oneDNN was built with would be two in one program.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  find_package(OpenMP QUIET COMPONENTS CXX)
endif()

find_package(nlohmann_json QUIET)
find_package(ZLIB QUIET)
synthmed_component(io SYNTHMED_HAS_IO "nlohmann-json3-dev zlib1g-dev" nlohmann_json_FOUND AND ZLIB_FOUND)

find_package(LAPACK QUIET)
find_path(SYNTHMED_LAPACKE_INCLUDE lapacke.h PATH_SUFFIXES lapacke openblas)
find_library(SYNTHMED_LAPACKE_LIBRARY lapacke)
mark_as_advanced(SYNTHMED_LAPACKE_INCLUDE SYNTHMED_LAPACKE_LIBRARY)
synthmed_component(lapack SYNTHMED_HAS_LAPACK "libopenblas-dev liblapacke-dev" LAPACK_FOUND AND SYNTHMED_LAPACKE_INCLUDE AND
                   SYNTHMED_LAPACKE_LIBRARY)

find_package(OpenCV QUIET COMPONENTS core imgproc imgcodecs)
synthmed_component(opencv SYNTHMED_HAS_OPENCV "libopencv-dev" OpenCV_FOUND)

# Content hashes of pictures (duplicates, provenance). OpenSSL's libcrypto.
find_package(OpenSSL QUIET COMPONENTS Crypto)
synthmed_component(hash SYNTHMED_HAS_HASH "libssl-dev" OPENSSL_FOUND)

# Damaged JPEGs, of which OpenCV makes pictures without a word. Debian's OpenCV depends on it anyway.
find_package(JPEG QUIET)
synthmed_component(jpeg SYNTHMED_HAS_JPEG "libjpeg-dev" JPEG_FOUND)

# Masks of DRIVE are GIF files, which OpenCV does not read.
find_package(GIF 5 QUIET)
synthmed_component(gif SYNTHMED_HAS_GIF "libgif-dev" GIF_FOUND)

find_package(CLI11 QUIET)
