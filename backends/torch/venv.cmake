# LibTorch as PyPI's `torch` package brings it, with CUDA. Its own CMake files insist on a CUDA toolkit of the same
# version and on every library of it; headers and shared objects are all that is needed here.
file(GLOB torch_root "${SYNTHMED_TORCH_VENV}/lib/python3*/site-packages/torch")
if(NOT torch_root)
  message(FATAL_ERROR "SYNTHMED_TORCH_VENV is ${SYNTHMED_TORCH_VENV}, where no torch package is: run tools/setup --cuda first")
endif()
set(libraries "")
foreach(library IN ITEMS torch torch_cpu torch_cuda c10 c10_cuda)
  if(EXISTS "${torch_root}/lib/lib${library}.so")
    list(APPEND libraries "${torch_root}/lib/lib${library}.so")
  endif()
endforeach()
file(READ "${torch_root}/version.py" version)
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+[^'\"]*" version "${version}")
message(STATUS "synthmed: the torch component uses LibTorch ${version}")

synthmed_interface(torch synthmed::synthmed)
# Registration of the CUDA kernels happens when the libraries load, so none may be dropped as unused; what they need of
# the CUDA toolkit they find by themselves, or miss where there is no GPU.
target_link_libraries(synthmed_torch INTERFACE
  "$<BUILD_INTERFACE:-Wl,--no-as-needed;${libraries};-Wl,--as-needed>")
target_link_options(synthmed_torch INTERFACE "$<BUILD_INTERFACE:-Wl,--allow-shlib-undefined>")
target_include_directories(synthmed_torch INTERFACE
  "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>")
target_include_directories(synthmed_torch SYSTEM INTERFACE
  "$<BUILD_INTERFACE:${torch_root}/include>" "$<BUILD_INTERFACE:${torch_root}/include/torch/csrc/api/include>")
set(SYNTHMED_HAS_TORCH ON PARENT_SCOPE)
