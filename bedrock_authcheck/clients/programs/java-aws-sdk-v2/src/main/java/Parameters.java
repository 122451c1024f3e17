import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.utils.builder.Buildable;

/** Puts JSON into the SDK's shapes, which tell their own fields; base64 becomes bytes. */
final class Parameters {
  static Object filled(SdkPojo builder, JsonNode given) {
    for (SdkField<?> field : builder.sdkFields()) {
      for (Map.Entry<String, JsonNode> one : given.properties()) {
        if (one.getKey().equalsIgnoreCase(field.memberName())) {
          field.set(builder, value(field, one.getValue()));
        }
      }
    }
    return ((Buildable) builder).build();
  }

  private static Object value(SdkField<?> field, JsonNode given) {
    MarshallingType<?> type = field.marshallingType();
    if (type == MarshallingType.SDK_POJO) {
      return filled(field.constructor().get(), given);
    }
    if (type == MarshallingType.LIST) {
      SdkField<?> member = field.getTrait(ListTrait.class).memberFieldInfo();
      List<Object> items = new ArrayList<>();
      given.forEach(item -> items.add(value(member, item)));
      return items;
    }
    if (type == MarshallingType.MAP) {
      SdkField<?> member = field.getTrait(MapTrait.class).valueFieldInfo();
      Map<String, Object> items = new HashMap<>();
      given.properties().forEach(one -> items.put(one.getKey(), value(member, one.getValue())));
      return items;
    }
    return scalar(type, given);
  }

  private static Object scalar(MarshallingType<?> type, JsonNode given) {
    if (type == MarshallingType.SDK_BYTES) {
      return SdkBytes.fromByteArray(Base64.getDecoder().decode(given.asText()));
    }
    if (type == MarshallingType.DOCUMENT) {
      return document(given);
    }
    if (type == MarshallingType.INSTANT) {
      return given.isNumber() ? Instant.ofEpochSecond(given.asLong()) : Instant.parse(given.asText());
    }
    if (type == MarshallingType.BOOLEAN) {
      return given.asBoolean();
    }
    if (type == MarshallingType.INTEGER) {
      return given.asInt();
    }
    if (type == MarshallingType.LONG) {
      return given.asLong();
    }
    if (type == MarshallingType.FLOAT) {
      return (float) given.asDouble();
    }
    if (type == MarshallingType.DOUBLE) {
      return given.asDouble();
    }
    return given.asText();
  }

  private static Document document(JsonNode given) {
    if (given.isObject()) {
      Map<String, Document> items = new HashMap<>();
      given.properties().forEach(one -> items.put(one.getKey(), document(one.getValue())));
      return Document.fromMap(items);
    }
    if (given.isArray()) {
      List<Document> items = new ArrayList<>();
      given.forEach(item -> items.add(document(item)));
      return Document.fromList(items);
    }
    if (given.isNumber()) {
      return Document.fromNumber(given.decimalValue());
    }
    if (given.isBoolean()) {
      return Document.fromBoolean(given.asBoolean());
    }
    return given.isNull() ? Document.fromNull() : Document.fromString(given.asText());
  }

  private Parameters() {}
}
