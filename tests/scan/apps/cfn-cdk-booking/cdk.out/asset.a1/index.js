"use strict";var __create=Object.create;var __defProp=Object.defineProperty;var __export=(target,all)=>{for(var name in all)__defProp(target,name,{get:all[name],enumerable:!0})};var __toCommonJS=mod=>mod;
var src_exports={};__export(src_exports,{handler:()=>handler});module.exports=__toCommonJS(src_exports);
var import_client_dynamodb=require("@aws-sdk/client-dynamodb"),import_lib_dynamodb=require("@aws-sdk/lib-dynamodb"),doc=import_lib_dynamodb.DynamoDBDocumentClient.from(new import_client_dynamodb.DynamoDBClient({}));
async function handler(event){let day=event.queryStringParameters?.day??"today";let r=await doc.send(new import_lib_dynamodb.QueryCommand({TableName:process.env.TABLE,KeyConditionExpression:"pk = :p",ExpressionAttributeValues:{":p":`DAY#${day}`}}));return{statusCode:200,body:JSON.stringify(r.Items)}}
0&&(module.exports={handler});
