import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.auth.token.credentials.SdkTokenProvider;
import software.amazon.awssdk.auth.token.credentials.StaticTokenProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.bedrock.BedrockAsyncClient;
import software.amazon.awssdk.services.bedrockagent.BedrockAgentAsyncClient;
import software.amazon.awssdk.services.bedrockagentruntime.BedrockAgentRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockdataautomation.BedrockDataAutomationAsyncClient;
import software.amazon.awssdk.services.bedrockdataautomationruntime.BedrockDataAutomationRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;

/** One call of the AWS SDK for Java 2.x: docs/client-contract.md. */
public final class Client {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Map<String, Supplier<AwsClientBuilder<?, ?>>> SERVICES =
      Map.of(
          "bedrock", BedrockAsyncClient::builder,
          "bedrock-runtime", BedrockRuntimeAsyncClient::builder,
          "bedrock-agent", BedrockAgentAsyncClient::builder,
          "bedrock-agent-runtime", BedrockAgentRuntimeAsyncClient::builder,
          "bedrock-data-automation", BedrockDataAutomationAsyncClient::builder,
          "bedrock-data-automation-runtime", BedrockDataAutomationRuntimeAsyncClient::builder);

  public static void main(String[] arguments) throws Exception {
    if (List.of(arguments).contains("--version")) {
      System.out.println(VersionInfo.SDK_VERSION);
      return;
    }
    JsonNode request = JSON.readTree(System.in);
    String level = request.path("log_level").asText("warn");
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", level.toLowerCase());
    trust(System.getenv().getOrDefault("AWS_CA_BUNDLE", request.path("ca").asText()));
    System.out.println(JSON.writeValueAsString(answer(request)));
    System.exit(0); // threads of the HTTP client linger
  }

  private static Map<String, ?> answer(JsonNode request) {
    try (SdkClient client = client(request)) {
      Operation.of(client, request.get("operation").asText())
          .call(request.path("parameters"), request.path("paginate").asBoolean());
      return Map.of("ok", true);
    } catch (NotOffered absent) {
      return Map.of("not_offered", absent.getMessage());
    } catch (Exception failed) {
      Throwable error = failed instanceof CompletionException ? failed.getCause() : failed;
      return Map.of(
          "ok", false,
          "error_type", error.getClass().getSimpleName(),
          "error", String.valueOf(error.getMessage()));
    }
  }

  private static SdkClient client(JsonNode request) throws ReflectiveOperationException {
    String service = request.get("service").asText();
    if (!SERVICES.containsKey(service)) {
      throw new NotOffered("no module for " + service);
    }
    AwsClientBuilder<?, ?> builder = SERVICES.get(service).get();
    JsonNode settings = request.path("settings");
    if (settings.has("region")) {
      builder.region(Region.of(settings.get("region").asText()));
    }
    if (settings.has("endpoint")) {
      builder.endpointOverride(URI.create(settings.get("endpoint").asText()));
    }
    if (settings.has("profile")) {
      String profile = settings.get("profile").asText();
      builder.overrideConfiguration(chosen -> chosen.defaultProfileName(profile));
    }
    if (settings.has("keys")) {
      builder.credentialsProvider(StaticCredentialsProvider.create(keys(settings.get("keys"))));
    }
    if (settings.has("token")) {
      String token = settings.get("token").asText();
      SdkTokenProvider provider = StaticTokenProvider.create(() -> token);
      set(builder, "tokenProvider", SdkTokenProvider.class, provider);
    }
    switch (settings.path("preference").asText()) {
      case "sigv4" -> prefer(builder, "aws.auth#sigv4");
      case "bearer" -> prefer(builder, "smithy.api#httpBearerAuth");
      case "anonymous" -> builder.credentialsProvider(AnonymousCredentialsProvider.create());
      default -> { }
    }
    return (SdkClient) builder.build();
  }

  private static AwsCredentials keys(JsonNode keys) {
    String id = keys.path("aws_access_key_id").asText();
    String secret = keys.path("aws_secret_access_key").asText();
    return keys.has("aws_session_token")
        ? AwsSessionCredentials.create(id, secret, keys.get("aws_session_token").asText())
        : AwsBasicCredentials.create(id, secret);
  }

  /** Prefers an auth scheme: the provider of auth schemes is a class of each service's own. */
  private static void prefer(AwsClientBuilder<?, ?> builder, String scheme)
      throws ReflectiveOperationException {
    for (var method : builder.getClass().getMethods()) {
      if (method.getName().equals("authSchemeProvider")) {
        Class<?> type = method.getParameterTypes()[0];
        Object provider = type.getMethod("defaultProvider", List.class).invoke(null, List.of(scheme));
        set(builder, "authSchemeProvider", type, provider);
        return;
      }
    }
    throw new NotOffered("the service's module has no provider of auth schemes");
  }

  private static void set(AwsClientBuilder<?, ?> builder, String name, Class<?> type, Object value)
      throws ReflectiveOperationException {
    try {
      // An interface's method, for the class that implements it is not public.
      for (Class<?> one : builder.getClass().getInterfaces()) {
        one.getMethod(name, type).invoke(builder, value);
        return;
      }
    } catch (NoSuchMethodException absent) {
      throw new NotOffered("the service's module has no " + name);
    }
  }

  /** Makes the PEM file the trust store of this process: Java reads no PEM by itself. */
  private static void trust(String pem) throws Exception {
    if (pem.isEmpty()) {
      return;
    }
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (InputStream text = new FileInputStream(pem)) {
      for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(text)) {
        store.setCertificateEntry("ca" + store.size(), one);
      }
    }
    Path file = Files.createTempFile("bedrock-authcheck-", ".p12");
    file.toFile().deleteOnExit();
    char[] password = "changeit".toCharArray();
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, password);
    }
    System.setProperty("javax.net.ssl.trustStore", file.toString());
    System.setProperty("javax.net.ssl.trustStorePassword", new String(password));
  }

  private Client() {}
}
