exports.handler = async (event) => {
  try {
    return { statusCode: 200, body: JSON.stringify(event.pathParameters.id) };
  } catch (error) {
    console.error(error.stack);
    return { statusCode: 500, body: "something went wrong" };
  }
};
