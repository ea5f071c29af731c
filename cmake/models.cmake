# A model's own C (design: a disease's physics, controllers, formats of its own): models/<name>/src.
#   *.c but main.c -> the library gemel_<name>, against the public headers alone
#   ../*.ant       -> <name>_text.h: each text as a string, <name>_<file>_text
#   ../maps/*.yaml -> there too: each mapping as a string, <name>_map_<file>, - as _
#   main.c         -> the program gemel-<name>, which `gemel <name> ...` runs
# Not embedded: tables (subjects.csv) and definitions. Headers of a model are not installed.
function(model_strings out prefix end) # C strings of the files ARGN
  set(strings "")
  foreach(text ${ARGN})
    get_filename_component(stem ${text} NAME_WE)
    string(MAKE_C_IDENTIFIER ${stem} stem)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${text})
    file(READ ${text} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND strings "static const char ${prefix}${stem}${end}[] = {${bytes}0};\n")
  endforeach()
  set(${out} "${strings}" PARENT_SCOPE)
endfunction()

# All that is installed and nothing else: what `make build` makes.
add_custom_target(programs)
add_dependencies(programs gemel_static gemel_shared)
if(TARGET gemel_cli)
  add_dependencies(programs gemel_cli)
endif()

file(GLOB model_folders CONFIGURE_DEPENDS models/*/src)
foreach(folder ${model_folders})
  get_filename_component(up ${folder} DIRECTORY)
  get_filename_component(name ${up} NAME)
  file(GLOB model_sources CONFIGURE_DEPENDS ${folder}/*.c)
  set(main ${folder}/main.c)
  list(REMOVE_ITEM model_sources ${main})
  file(GLOB texts CONFIGURE_DEPENDS ${up}/*.ant)
  file(GLOB maps CONFIGURE_DEPENDS ${up}/maps/*.yaml)
  model_strings(strings ${name}_ _text ${texts})
  model_strings(map_strings ${name}_map_ "" ${maps})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/models/${name}/${name}_text.h
    CONTENT "/* made of the texts and mappings of models/${name} */\n${strings}${map_strings}" @ONLY)
  if(model_sources)
    add_library(gemel_${name} STATIC ${model_sources})
    target_include_directories(gemel_${name} PUBLIC ${folder}
      PRIVATE ${CMAKE_BINARY_DIR}/models/${name})
    target_link_libraries(gemel_${name} PUBLIC gemel_static)
  endif()
  if(EXISTS ${main})
    add_executable(gemel-${name} ${main})
    target_link_libraries(gemel-${name} PRIVATE gemel_program gemel_${name})
    add_dependencies(programs gemel-${name})
    install(TARGETS gemel-${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
