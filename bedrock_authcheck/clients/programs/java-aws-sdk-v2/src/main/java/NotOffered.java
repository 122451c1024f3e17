/** The SDK has no such operation or setting. */
final class NotOffered extends RuntimeException {
  NotOffered(String what) {
    super(what);
  }
}
