# One call of paws for R: docs/client-contract.md
.libPaths(c("library", .libPaths())) # where install.R puts packages, whatever the home is
paws <- "paws.machine.learning"

main <- function() {
  if ("--version" %in% commandArgs(trailingOnly = TRUE)) {
    return(cat(as.character(utils::packageVersion(paws)), "\n", sep = ""))
  }
  input <- file("stdin")
  on.exit(close(input))
  text <- paste(readLines(input, warn = FALSE), collapse = "\n")
  request <- jsonlite::fromJSON(text, simplifyVector = FALSE)
  sink(stderr()) # paws logs to standard output, which is for the answer
  result <- tryCatch(answer(request), error = failure)
  sink()
  cat(jsonlite::toJSON(result, auto_unbox = TRUE), "\n", sep = "")
}

failure <- function(error) {
  list(ok = FALSE, error_type = class(error)[[1]], error = conditionMessage(error))
}

answer <- function(request) {
  settings <- request$settings
  if (isTRUE(settings$preference %in% c("sigv4", "bearer"))) {
    return(list(not_offered = "paws has no setting for the auth scheme"))
  }
  service <- gsub("-", "", request$service, fixed = TRUE)
  if (!service %in% getNamespaceExports(paws)) {
    return(list(not_offered = paste("the package has no service", service)))
  }
  if (length(request$log_level)) options(paws.log_level = log_level(request$log_level))
  svc <- getExportedValue(paws, service)(config = config_of(request))
  names <- names(svc)[gsub("_", "", names(svc), fixed = TRUE) == tolower(request$operation)]
  if (!length(names)) {
    return(list(not_offered = paste("the package has no operation", request$operation)))
  }
  # The call as a person would write it: paws looks for its configuration in what is called.
  call <- as.call(c(list(call("$", quote(svc), as.name(names[[1]]))), native(request$parameters)))
  if (isTRUE(request$paginate)) call <- as.call(list(quote(paws.common::paginate), call))
  for (value in eval(call)) {
    if (is.function(value)) value(function(event) event) # a stream, read to its end
  }
  list(ok = TRUE)
}

config_of <- function(request) {
  settings <- request$settings
  endpoint <- settings$endpoint
  if (is.null(endpoint)) endpoint <- request$endpoints[[request$service]]
  config <- list(
    credentials = present(list(
      creds = present(list(
        access_key_id = settings$keys$aws_access_key_id,
        secret_access_key = settings$keys$aws_secret_access_key,
        session_token = settings$keys$aws_session_token,
        access_token = settings$token
      )),
      profile = settings$profile,
      anonymous = if (identical(settings$preference, "anonymous")) TRUE
    )),
    endpoint = endpoint, # not every version of paws reads AWS_ENDPOINT_URL_*
    region = settings$region
  )
  present(config)
}

present <- function(values) Filter(length, values)

# JSON as paws takes it: base64 of a blob becomes raw, and a timestamp a time.
native <- function(value, name = "") {
  if (is.list(value)) {
    names <- if (is.null(names(value))) rep("", length(value)) else names(value)
    return(Map(native, value, names))
  }
  if (!is.character(value)) return(value)
  if (name %in% c("body", "byteContent", "bytes")) return(jsonlite::base64_dec(value))
  if (grepl("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+]00:00)$", value)) {
    return(as.POSIXct(value, format = "%Y-%m-%dT%H:%M:%OS", tz = "UTC"))
  }
  value
}

log_level <- function(name) {
  levels <- c(ERROR = 1L, WARNING = 2L, INFO = 3L, DEBUG = 4L, TRACE = 5L)
  if (toupper(name) %in% names(levels)) levels[[toupper(name)]] else 4L
}

main()
