# Makes ROS 2 from PyPI's wheels usable by CMake. Pass -DCMAKE_PROJECT_INCLUDE=<this file>.
#
# 1. The wheels' exported targets name include directories of the machine that built them (/opt/python/cp311-cp311/...).
#    CMake refuses to generate with include directories that are not there, so they are dropped once all are known.
# 2. Our own exported Python library would likewise name the numpy headers of this machine, and CMake refuses paths
#    below the source directory, where .venv is: they serve this build only.

function(facegpt_drop_include_directories_of_other_machines)
  get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS imported)
    get_target_property(directories ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(directories)
      list(FILTER directories EXCLUDE REGEX "^/opt/python/")
      set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${directories}")
    endif()
  endforeach()

  get_property(own DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS own)
    if(target MATCHES "__rosidl_generator_py$")
      get_target_property(directories ${target} INTERFACE_INCLUDE_DIRECTORIES)
      set(for_build)
      foreach(directory IN LISTS directories)
        list(APPEND for_build "$<BUILD_INTERFACE:${directory}>")
      endforeach()
      set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${for_build}")
    endif()
  endforeach()
endfunction()

cmake_language(DEFER CALL facegpt_drop_include_directories_of_other_machines)
