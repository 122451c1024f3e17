import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.reactivestreams.Publisher;
import software.amazon.awssdk.awscore.AwsRequest;
import software.amazon.awssdk.awscore.eventstream.EventStreamResponseHandler;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamInput;

/** One operation of a client: its method, found by its name, and the method that pages. */
record Operation(SdkClient client, Method method, Method pages) {
  static Operation of(SdkClient client, String operation) {
    Class<?> type = client.getClass().getInterfaces()[0]; // the class itself is not public
    String name = operation.substring(0, 1).toLowerCase() + operation.substring(1);
    Method method = named(type, name);
    if (method == null) {
      throw new NotOffered("the module has no operation " + operation);
    }
    return new Operation(client, method, named(type, name + "Paginator"));
  }

  private static Method named(Class<?> type, String name) {
    for (Method one : type.getMethods()) {
      Class<?>[] takes = one.getParameterTypes();
      boolean typed = takes.length > 0 && AwsRequest.class.isAssignableFrom(takes[0]);
      if (one.getName().equals(name) && typed) {
        return one;
      }
    }
    return null;
  }

  void call(JsonNode parameters, boolean paginate) throws Exception {
    Class<?>[] takes = method.getParameterTypes();
    Object builder = takes[0].getMethod("builder").invoke(null);
    Object request = Parameters.filled((SdkPojo) builder, parameters);
    try {
      if (paginate && pages != null) {
        SdkPublisher<?> published = (SdkPublisher<?>) pages.invoke(client, request);
        published.subscribe(page -> {}).join();
        return;
      }
      Object[] arguments = new Object[takes.length];
      arguments[0] = request;
      for (int i = 1; i < takes.length; i++) {
        arguments[i] = takes[i] == Publisher.class ? events() : reader(takes[i]);
      }
      ((CompletableFuture<?>) method.invoke(client, arguments)).join();
    } catch (InvocationTargetException refused) {
      throw refused.getCause() instanceof Exception cause ? cause : refused;
    }
  }

  private static Publisher<?> events() {
    return SdkPublisher.fromIterable(List.of(event("hello"), event("goodbye")));
  }

  private static InvokeModelWithBidirectionalStreamInput event(String text) {
    SdkBytes bytes = SdkBytes.fromUtf8String("{\"text\": \"" + text + "\"}");
    return InvokeModelWithBidirectionalStreamInput.chunkBuilder().bytes(bytes).build();
  }

  /** Makes a handler of a stream that reads it to its end. */
  private static Object reader(Class<?> handler) throws ReflectiveOperationException {
    var builder = (EventStreamResponseHandler.Builder<?, ?, ?>) handler.getMethod("builder").invoke(null);
    builder.subscriber(event -> {});
    return handler.getMethod("builder").getReturnType().getMethod("build").invoke(builder);
  }
}
