# Puts what is missing beside the program: a library in the home is not there in a scenario.
dir.create("library", showWarnings = FALSE)
needed <- c("jsonlite", "paws.machine.learning")
there <- rownames(installed.packages(lib.loc = c("library", .Library.site, .Library)))
.libPaths(c("library", .Library.site, .Library))
if (identical(unname(getOption("repos")["CRAN"]), "@CRAN@")) chooseCRANmirror(ind = 1)
install.packages(setdiff(needed, there), lib = "library")
for (package in needed) loadNamespace(package)
